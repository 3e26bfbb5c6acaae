package dnssec

import (
	"bytes"
	"slices"

	"github.com/miekg/dns"
)

// The order of names is the canonical one of RFC 4034, section 6.1: by label from the
// right, letters as lower case. Names are in lower case.

const (
	maxName  = 255
	maxLabel = 63
	// fill is how many bytes 255 are appended to a label to make a name that nobody
	// uses. More bytes would cover fewer names and make answers longer.
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

// fits reports whether a label and the rest make a name.
func fits(label, rest []byte) bool {
	return len(label) <= maxLabel && len(label)+1+len(rest) <= maxName
}

// join is the inverse of split; the label must fit.
func join(label, rest []byte) string { return nameOf(wire(label, rest)) }

// wire returns the wire form of a label and the rest.
func wire(label, rest []byte) []byte {
	return slices.Concat([]byte{byte(len(label))}, label, rest)
}

// nameOf returns a name in wire form as text; "" if it is too long. An NSEC record
// with that can't be signed.
func nameOf(wire []byte) string {
	name, _, _ := dns.UnpackDomainName(wire, 0)
	return name
}

// before returns a name that sorts before another, with no usual name between the two.
// If no longer name fits, it is the immediate predecessor, which may exist: a name of
// the greatest length, or the parent of a label of one zero byte.
func before(name string) string {
	label, rest, ok := split(name)
	if !ok {
		return name // the root is the first name
	}
	last := len(label) - 1
	if label[last] > 0 {
		label = bytes.Clone(label)
		label[last] = lower(label[last])
		if room := min(maxLabel-len(label), maxName-1-len(label)-len(rest), fill); room > 0 {
			return join(append(label, filled(room)...), rest)
		}
	} else if label = label[:last]; last == 0 {
		return nameOf(rest)
	}
	// The last name below that label, if one fits below.
	rest = wire(label, rest)
	if room := min(maxName-1-len(rest), fill); room > 0 {
		return join(filled(room), rest)
	}
	return nameOf(rest)
}

// after returns the first name of a zone that sorts after a name and all names below
// it; after the last one comes the origin (RFC 4034, section 4.1.1).
func after(name, origin string) string {
	label, rest, ok := split(name)
	if !ok || name == origin {
		return origin
	}
	if fits(append(label, 0), rest) {
		return join(append(label, 0), rest)
	}
	label = bytes.TrimRight(bytes.Clone(label), "\xff")
	if len(label) == 0 { // no name fits between this one and the one after its parent
		return after(nameOf(rest), origin)
	}
	label[len(label)-1] = higher(label[len(label)-1])
	return join(label, rest)
}

// below returns the first name below another; false if no name fits below.
func below(name string) (string, bool) {
	label, rest, ok := split(name)
	if !ok {
		return "\\000.", name == "."
	}
	rest = wire(label, rest)
	if !fits([]byte{0}, rest) {
		return "", false
	}
	return join([]byte{0}, rest), true
}

// lower and higher return the byte before and after one, and skip capital letters.
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
