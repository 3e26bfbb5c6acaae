package domain

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
)

// The messages are the contract's: clients compare them.
var (
	errDataBlank = apierr.Invalid("data", "Data can't be blank")
	errFinalDot  = apierr.Invalid("data", "Data needs to end with a dot (.)")
)

// addressData is the data of A and AAAA records. It is kept as it is given.
func addressData(version string, valid func(netip.Addr) bool) func(string, string, *string) (string, error) {
	return func(_, text string, _ *string) (string, error) {
		text = strings.TrimSpace(text)
		if text == "" {
			return "", errDataBlank
		}
		if address, err := netip.ParseAddr(text); err != nil || !valid(address) || address.Zone() != "" {
			return "", apierr.Invalid("data", "Data needs to be a valid %s address", version)
		}
		return text, nil
	}
}

// hostData is the data of records that lead to a host. A name with dots must
// end with one, because without it nobody can tell whether it is meant
// relative to the zone; a single label always is.
func hostData(zone, text string, _ *string) (string, error) {
	text = strings.TrimSpace(text)
	name, dotted := strings.CutSuffix(text, ".")
	switch {
	case text == "":
		return "", errDataBlank
	case text == apex || dotted && strings.EqualFold(name, zone):
		return apex, nil
	case name != "" && (dotted || strings.ContainsAny(name, ".:")) && isAddress(name):
		return "", apierr.Invalid("data", "Data needs to be a host name, not an IP address")
	case !dotted && strings.Contains(text, "."):
		return "", errFinalDot
	case !dotted:
		name += "." + zone
	}
	if problem := labelsProblem(strings.Split(name, ".")); problem != "" {
		return "", apierr.Invalid("data", "Data needs to be a valid host name: %s", problem)
	}
	if len(name) > maxName {
		return "", apierr.Invalid("data", "Data is too long: %d characters, the maximum is %d", len(name), maxName)
	}
	return name, nil
}

// isAddress reports whether a host name is none, but an IP address.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || isNumber(name[strings.LastIndexByte(name, '.')+1:])
}

// noHost is the data of records that say that there is no such service (RFC
// 2782, RFC 7505).
const noHost = "."

func hostOrNoneData(zone, text string, tag *string) (string, error) {
	if strings.TrimSpace(text) == noHost {
		return noHost, nil
	}
	return hostData(zone, text, tag)
}

// hostname is the full name that the data of a record means, without a final
// dot.
func hostname(zone, data string) string {
	switch data {
	case apex:
		return zone
	case noHost:
		return ""
	}
	return data
}

// isURL reports whether a CAA record's tag is the one whose value is a URL.
func isURL(tag *string) bool { return deref(tag) == "iodef" }

// maxCAA is the longest value of a CAA record, in bytes.
const maxCAA = 1024

// caaData is the value of a CAA record (RFC 8659, section 4): a URL; or a
// certificate authority's domain, to which the rule of the final dot applies,
// maybe with parameters after a semicolon, and with nothing before that if
// nobody may issue certificates.
func caaData(zone, text string, tag *string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", errDataBlank
	case len(text) > maxCAA:
		return "", apierr.Invalid("data", "Data is too long: %d bytes, the maximum is %d", len(text), maxCAA)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }):
		return "", apierr.Invalid("data", `Data has a character that is not allowed here: only printable ASCII is, without " and \`)
	case isURL(tag):
		if !isReportURL(text) {
			return "", apierr.Invalid("data", "Data needs to be a mailto:, http: or https: URL")
		}
		return text, nil
	}
	authority, parameters, found := strings.Cut(text, ";")
	if found {
		parameters = ";" + parameters
	}
	if authority = strings.TrimSpace(authority); authority == "" {
		return parameters, nil
	}
	authority, err := hostData(zone, authority, tag)
	if err == nil && found {
		authority = hostname(zone, authority)
	}
	return authority + parameters, err
}

func isReportURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || strings.Contains(text, " ") {
		return false
	}
	switch u.Scheme {
	case "mailto":
		return strings.Contains(u.Opaque, "@")
	case "http", "https":
		return u.Host != ""
	}
	return false
}

// caaValue is the value of a CAA record as DNS has it.
func caaValue(zone, data string) string {
	if data == apex {
		return zone
	}
	return data
}

// maxTXT is the longest text of a TXT record, in bytes.
const maxTXT = 4096

// txtData is the data of a TXT record: any text, or one or several strings in
// quotes, which are joined. It is kept without quotes, unless they would then
// be missed by whoever gives it back.
func txtData(_, text string, _ *string) (string, error) {
	if text == "" {
		return "", errDataBlank
	}
	content := txtContent(text)
	switch {
	case len(content) > maxTXT:
		return "", apierr.Invalid("data", "Data is too long: %d bytes, the maximum is %d", len(content), maxTXT)
	case !utf8.ValidString(content):
		return "", apierr.Invalid("data", "Data is not UTF-8")
	case strings.Contains(content, "\x00"):
		return "", apierr.Invalid("data", "Data has a NUL byte, which is not supported")
	}
	return txtForm(content), nil
}

// txtContent is the text that the data of a TXT record means.
func txtContent(data string) string {
	if content, ok := unquote(data); ok {
		return content
	}
	return data
}

// txtForm is data that means a text: the text itself where it can be.
func txtForm(content string) string {
	if content != "" && txtContent(content) == content {
		return content
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(content) + `"`
}

// unquote joins strings in quotes with blanks between them. It reports false
// if the text is anything else. \ makes the next character an ordinary one, and
// before three digits means the byte with that number (RFC 1035, section 5.1).
func unquote(text string) (string, bool) {
	var b strings.Builder
	text = strings.Trim(text, " \t\r\n")
	if text == "" {
		return "", false
	}
	for text != "" {
		if text[0] != '"' {
			return "", false
		}
		n, ok := unquoteOne(text[1:], &b)
		if !ok {
			return "", false
		}
		text = strings.TrimLeft(text[1+n:], " \t\r\n")
	}
	return b.String(), true
}

// unquoteOne reads up to the closing quote and returns how far that is.
func unquoteOne(text string, b *strings.Builder) (n int, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1, true
		case '\\':
			c, width, ok := escaped(text[i+1:])
			if !ok {
				return 0, false
			}
			b.WriteByte(c)
			i += width
		default:
			b.WriteByte(text[i])
		}
	}
	return 0, false
}

// escaped reads what follows a \.
func escaped(text string) (c byte, width int, ok bool) {
	switch {
	case text == "":
		return 0, 0, false
	case text[0] < '0' || text[0] > '9':
		return text[0], 1, true
	case len(text) < 3:
		return 0, 0, false
	}
	n, err := strconv.ParseUint(text[:3], 10, 8)
	return byte(n), 3, err == nil
}

// txtStrings cuts a text into the strings that a TXT record is made of, in the
// form of zone files.
func txtStrings(content string) []string {
	var all []string
	for first := true; first || content != ""; first = false {
		n := min(len(content), 255)
		all = append(all, escape(content[:n]))
		content = content[n:]
	}
	return all
}

// escape writes a string as zone files have it between quotes.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.Write([]byte{'\\', c})
		case c < ' ' || c > '~':
			b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
