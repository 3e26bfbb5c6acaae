package domain

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The limits of names (RFC 1035, section 2.3.4), as they are written: without
// the final dot.
const (
	maxName  = 253
	maxLabel = 63
)

// apex is the name of the records at the domain itself.
const apex = "@"

// normalName brings a domain's name to the form in which it is kept.
func normalName(text string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "."))
}

// validName checks the name of a new domain and returns it as it is kept.
func validName(text string) (string, error) {
	name := normalName(text)
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

// labelsProblem says what is wrong with a name's labels, if anything is.
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

// relativeName reads the name of a record in a zone: relative to it, or
// absolute with a final dot. It returns the relative form, with the case kept.
func relativeName(zone, text string) (string, error) {
	name := strings.TrimSpace(text)
	if absolute, ok := strings.CutSuffix(name, "."); ok {
		if strings.EqualFold(absolute, zone) {
			return apex, nil
		}
		if name, ok = cutSuffixFold(absolute, "."+zone); !ok {
			return "", apierr.Invalid("name", "Name must be inside the domain")
		}
	}
	if name == apex {
		return apex, nil
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

// cutSuffixFold is strings.CutSuffix without regard to case; something must be
// left.
func cutSuffixFold(text, suffix string) (string, bool) {
	n := len(text) - len(suffix)
	if n <= 0 || !strings.EqualFold(text[n:], suffix) {
		return "", false
	}
	return text[:n], true
}

// filterName reads the name that a list of records is narrowed to: fully
// qualified with or without a final dot, or relative. It returns its key.
func filterName(zone, text string) string {
	name := normalName(text)
	if name == zone || name == "" {
		return apex
	}
	return strings.TrimSuffix(name, "."+zone)
}

// absolute returns the absolute form of a relative name, without a final dot.
func absolute(zone, name string) string {
	if name == apex {
		return zone
	}
	return name + "." + zone
}

// within reports whether a name, in lower case, is at or below a zone.
func within(zone, name string) bool {
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// ancestors returns a name and what is above it, the nearest first.
func ancestors(name string) []string {
	all := []string{name}
	for {
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return all
		}
		all, name = append(all, rest), rest
	}
}

// reverseName is where the PTR record of an address stands (RFC 1035, section
// 3.5; RFC 3596, section 2.5), without a final dot.
func reverseName(address netip.Addr) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	address = address.Unmap()
	bytes := address.AsSlice()
	for i := len(bytes) - 1; i >= 0; i-- {
		if address.Is4() {
			b.WriteString(strconv.Itoa(int(bytes[i])))
			b.WriteByte('.')
			continue
		}
		b.Write([]byte{digits[bytes[i]&15], '.', digits[bytes[i]>>4], '.'})
	}
	if address.Is4() {
		return b.String() + "in-addr.arpa"
	}
	return b.String() + "ip6.arpa"
}

// reverseAddress is the address whose PTR record stands at a name, which is the
// opposite of reverseName; false if that is none's.
func reverseAddress(name string) (netip.Addr, bool) {
	digits, v4 := strings.CutSuffix(name, ".in-addr.arpa")
	labels := strings.Split(strings.TrimSuffix(digits, ".ip6.arpa"), ".")
	slices.Reverse(labels)
	text := strings.Join(labels, ".")
	if !v4 {
		var b strings.Builder
		for i, label := range labels {
			if i > 0 && i%4 == 0 {
				b.WriteByte(':')
			}
			b.WriteString(label)
		}
		text = b.String()
	}
	address, err := netip.ParseAddr(text)
	return address, err == nil && reverseName(address) == name
}

// isReverse reports whether a zone is one of addresses.
func isReverse(zone string) bool { return within("in-addr.arpa", zone) || within("ip6.arpa", zone) }
