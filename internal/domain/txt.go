package domain

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
)

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

// quote writes strings that are in the form of zone files.
func quote(parts []string) string { return `"` + strings.Join(parts, `" "`) + `"` }
