package record

import (
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The greatest lengths of names and labels in text, without the final dot (RFC
// 1035, section 2.3.4).
const (
	maxName  = 253
	maxLabel = 63
)

// Apex is the name of the records at the domain itself.
const Apex = "@"

// NormalName returns the form in which a domain's name is stored.
func NormalName(text string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "."))
}

// ValidName validates the name of a new domain and returns it in normal form.
func ValidName(text string) (string, error) {
	name := NormalName(text)
	if name == "" {
		return "", apierr.Invalid("name", "Name can't be blank")
	}
	labels := strings.Split(name, ".")
	switch problem := labelsProblem(labels); {
	case problem != "":
		return "", apierr.Invalid("name", "Name is not a valid domain name: %s", problem)
	case strings.Contains(name, "_"):
		return "", apierr.Invalid("name", "Name is not a valid domain name: underscores are only allowed in the names of records")
	case len(labels) < 2:
		return "", apierr.Invalid("name", "Name is not a valid domain name: it needs at least two labels, like example.com")
	case name == "in-addr.arpa", name == "ip6.arpa":
		return "", apierr.Invalid("name", "Name is all reverse zones: give the one of your own addresses below it")
	case len(name) > maxName:
		return "", apierr.Invalid("name", "Name is too long: %d characters, the maximum is %d", len(name), maxName)
	case isNumber(labels[len(labels)-1]):
		return "", apierr.Invalid("name", "Name is not a valid domain name: its last label is a number")
	}
	return name, nil
}

// ValidHost reports whether a name has the form of a host name.
func ValidHost(name string) bool {
	return labelsProblem(strings.Split(name, ".")) == "" && len(name) <= maxName
}

// labelsProblem says why labels are invalid; empty if they are valid.
func labelsProblem(labels []string) string {
	for _, label := range labels {
		switch {
		case label == "":
			return "there is nothing between two dots, or before the first"
		case len(label) > maxLabel:
			return "a label is longer than 63 characters"
		case strings.ContainsFunc(label, func(r rune) bool { return r > 127 }):
			return "letters beyond a-z are written in punycode, like xn--bcher-kva"
		case strings.ContainsFunc(label, func(r rune) bool { return !isLDH(r) && r != '_' }):
			return "only letters, digits, hyphens and underscores are allowed"
		case label[0] == '-' || label[len(label)-1] == '-':
			return "a label begins or ends with a hyphen"
		}
	}
	return ""
}

func isLDH(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// relativeName validates the name of a record, which is relative to the zone, or
// absolute with a final dot. It returns the relative form and preserves case.
func relativeName(zone, text string) (string, error) {
	name := strings.TrimSpace(text)
	if Absolute, ok := strings.CutSuffix(name, "."); ok {
		if strings.EqualFold(Absolute, zone) {
			return Apex, nil
		}
		if name, ok = cutSuffixFold(Absolute, "."+zone); !ok {
			return "", apierr.Invalid("name", "Name must be inside the domain")
		}
	}
	if name == Apex {
		return Apex, nil
	}
	labels := strings.Split(name, ".")
	if labels[0] == "*" {
		labels = labels[1:]
	}
	if slices.ContainsFunc(labels, func(label string) bool { return strings.Contains(label, "*") }) {
		return "", apierr.Invalid("name", "Name is invalid: * must be the whole leftmost label")
	}
	if problem := labelsProblem(labels); problem != "" {
		return "", apierr.Invalid("name", "Name is invalid: %s", problem)
	}
	if n := len(name) + 1 + len(zone); n > maxName {
		return "", apierr.Invalid("name", "Name is too long: %d characters with the domain, the maximum is %d", n, maxName)
	}
	return name, nil
}

// cutSuffixFold is strings.CutSuffix that ignores case and rejects an empty rest.
func cutSuffixFold(text, suffix string) (string, bool) {
	n := len(text) - len(suffix)
	if n <= 0 || !strings.EqualFold(text[n:], suffix) {
		return "", false
	}
	return text[:n], true
}

// FilterName returns the key (Record.Key) of the name by which a list of records
// is filtered: fully qualified with or without a final dot, or relative.
func FilterName(zone, text string) string {
	name := NormalName(text)
	if name == zone || name == "" {
		return Apex
	}
	return strings.TrimSuffix(name, "."+zone)
}

// Absolute returns the absolute form of a relative name, without a final dot.
func Absolute(zone, name string) string {
	if name == Apex {
		return zone
	}
	return name + "." + zone
}

// Within reports whether a name, in lower case, is at or below a zone.
func Within(zone, name string) bool {
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// Ancestors returns a name and the names above it, the nearest first.
func Ancestors(name string) []string {
	all := []string{name}
	for {
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return all
		}
		all, name = append(all, rest), rest
	}
}
