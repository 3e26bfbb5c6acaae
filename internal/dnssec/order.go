package dnssec

import (
	"bytes"

	"github.com/miekg/dns"
)

// The order of names is that of RFC 4034, section 6.1: by label from the right,
// the bytes of letters as lower case. Names are in lower case.

const (
	maxName  = 255
	maxLabel = 63
	// fill is how many of the greatest byte make a name that nobody has. More
	// would cover less and make answers longer.
	fill = 3
)

// split returns a name's first label and the rest, both in wire form.
func split(name string) (label, rest []byte, ok bool) {
	buf := make([]byte, maxName+1)
	n, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil || n < 2 {
		return nil, nil, false
	}
	end := 1 + int(buf[0])
	return buf[1:end:end], buf[end:n], true
}

// join is the opposite of split; false if that is no name.
func join(label, rest []byte) (string, bool) {
	if len(label) == 0 || len(label) > maxLabel || len(label)+1+len(rest) > maxName {
		return "", false
	}
	wire := append([]byte{byte(len(label))}, label...)
	name, _, err := dns.UnpackDomainName(append(wire, rest...), 0)
	return name, err == nil
}

// before returns a name before another and all that is below that, and after
// what else there may be.
func before(name string) (string, bool) {
	label, rest, ok := split(name)
	if !ok {
		return "", false
	}
	last := len(label) - 1
	if label[last] == 0 {
		label = label[:last]
		if last == 0 {
			return "", false // only the encloser itself is before
		}
	} else {
		label = bytes.Clone(label)
		label[last] = lower(label[last])
		if room := min(maxLabel-len(label), maxName-1-len(label)-len(rest), fill); room > 0 {
			return join(append(label, filled(room)...), rest)
		}
	}
	// The label may well exist. What is before the name is the last below it.
	rest = append(append([]byte{byte(len(label))}, label...), rest...)
	room := min(maxName-1-len(rest), fill)
	if room < 1 {
		return "", false
	}
	return join(filled(room), rest)
}

// after returns the first name after another and all that is below that.
func after(name string) (string, bool) {
	label, rest, ok := split(name)
	if !ok {
		return "", false
	}
	if next, ok := join(append(label, 0), rest); ok {
		return next, true
	}
	label = bytes.TrimRight(bytes.Clone(label), "\xff")
	if len(label) == 0 {
		return "", false
	}
	label[len(label)-1] = higher(label[len(label)-1])
	return join(label, rest)
}

// below returns the first name below another; false if none fits.
func below(name string) (string, bool) {
	label, rest, ok := split(name)
	if !ok {
		return "\\000.", name == "."
	}
	return join([]byte{0}, append(append([]byte{byte(len(label))}, label...), rest...))
}

// lower and higher return the bytes beside one, of those that are not capitals.
func lower(b byte) byte {
	if b == 'Z'+1 {
		return 'A' - 1
	}
	return b - 1
}

func higher(b byte) byte {
	if b == 'A'-1 {
		return 'Z' + 1
	}
	return b + 1
}

func filled(n int) []byte { return bytes.Repeat([]byte{0xff}, n) }
