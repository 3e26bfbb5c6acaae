package record

import (
	"net/url"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// isURL reports whether a CAA record with that tag has a URL as its value.
func isURL(tag *string) bool { return deref(tag) == "iodef" }

// maxCAA is the longest value of a CAA record, in bytes.
const maxCAA = 1024

// caaData validates the value of a CAA record (RFC 8659, section 4). It is a URL or
// the domain of a certificate authority, which needs a final dot like any host
// name. Parameters may follow after a semicolon. With nothing before the semicolon
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
		authority = Hostname(zone, authority)
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

// caaValue returns the value of a CAA record in DNS.
func caaValue(zone, data string) string {
	if data == Apex {
		return zone
	}
	return data
}

// caaParam is the inverse of caaValue: it returns the value as a client gives it,
// with a final dot.
func caaParam(tag, value string) string {
	if strings.EqualFold(tag, "iodef") {
		return value
	}
	authority, parameters, found := strings.Cut(value, ";")
	if found {
		parameters = ";" + parameters
	}
	authority = strings.TrimSuffix(strings.TrimSpace(authority), ".")
	if authority == "" {
		return ";" + strings.TrimPrefix(parameters, ";")
	}
	return authority + "." + parameters
}
