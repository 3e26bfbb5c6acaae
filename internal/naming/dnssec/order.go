package dnssec

import (
	"bytes"
	"slices"

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

// fits reports whether a label and the rest make a name.
func fits(label, rest []byte) bool {
	return len(label) <= maxLabel && len(label)+1+len(rest) <= maxName
}

// join is the opposite of split, for what fits.
func join(label, rest []byte) string { return nameOf(wire(label, rest)) }

// wire returns the wire form of a label and the rest.
func wire(label, rest []byte) []byte {
	return slices.Concat([]byte{byte(len(label))}, label, rest)
}

// nameOf returns a name of wire form as text; "" if it is too long, which can't
// be signed.
func nameOf(wire []byte) string {
	name, _, _ := dns.UnpackDomainName(wire, 0)
	return name
}

// before returns a name before another, with nothing usual between the two. It
// is the name right before where no longer one fits, which may exist: a name that
// is as long as names can be, or the closest encloser of a label of one zero byte.
func before(name string) string {
	label, rest, ok := split(name)
	if !ok {
		return name // the root, which nothing is before
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
	// The last below that label, if one fits below.
	rest = wire(label, rest)
	if room := min(maxName-1-len(rest), fill); room > 0 {
		return join(filled(room), rest)
	}
	return nameOf(rest)
}

// after returns the first name of a zone after another and all that is below
// that; after the last one it is the origin again (RFC 4034, section 4.1.1).
func after(name, origin string) string {
	label, rest, ok := split(name)
	if !ok || name == origin {
		return origin
	}
	if fits(append(label, 0), rest) {
		return join(append(label, 0), rest)
	}
	label = bytes.TrimRight(bytes.Clone(label), "\xff")
	if len(label) == 0 { // nothing fits between this and what is after the encloser
		return after(nameOf(rest), origin)
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
	rest = wire(label, rest)
	if !fits([]byte{0}, rest) {
		return "", false
	}
	return join([]byte{0}, rest), true
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
