package dns

import (
	"bytes"
	"fmt"

	"github.com/miekg/dns"
)

// Names are in wire form: labels, each after its length, and the root's 0. What
// is said to be without the origin lacks that and all labels of the zone.

// nameLength returns the length of an uncompressed name in wire form.
func nameLength(name []byte) int {
	for i := 0; i < len(name); i += int(name[i]) + 1 {
		if name[i] == 0 {
			return i + 1
		}
	}
	return len(name)
}

// lowered returns a name of wire form in lower case. Lengths of labels are less
// than any letter.
func lowered(name string) string {
	for i := range len(name) {
		if name[i] != lowerByte(name[i]) {
			b := []byte(name)
			lower(b)
			return string(b)
		}
	}
	return name
}

func lower(name []byte) {
	for i, c := range name {
		name[i] = lowerByte(c)
	}
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// wireName returns a name in wire form, lower case.
func wireName(name string) (string, error) {
	if !dns.IsFqdn(name) {
		return "", fmt.Errorf("%q does not end with a dot", name)
	}
	buf := make([]byte, 256)
	end, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("%q: %w", name, err)
	}
	return lowered(string(buf[:end])), nil
}

// presentation returns a name of wire form as text.
func presentation(wire string) string {
	name, _, err := dns.UnpackDomainName([]byte(wire), 0)
	if err != nil {
		return "a name that can't be shown"
	}
	return name
}

// skipName returns the end of a name, or -1. It does not follow pointers.
func skipName(msg []byte, at int) int {
	for at < len(msg) {
		switch size := int(msg[at]); {
		case size == 0:
			return at + 1
		case size >= 0xC0:
			return at + 2
		case size > longestLabel:
			return -1
		default:
			at += size + 1
		}
	}
	return -1
}

// split appends where the labels of a name begin.
func split(name []byte, labels []uint8) []uint8 {
	for i := 0; i < len(name); i += int(name[i]) + 1 {
		labels = append(labels, uint8(i))
	}
	return labels
}

// relative cuts an origin, lower case, off a name; false if the name is not
// inside.
func relative(name []byte, origin string) ([]byte, bool) {
	at := len(name) - len(origin)
	if at < 0 || !startsLabel(name, at) {
		return nil, false
	}
	for i, c := range name[at:] {
		if lowerByte(c) != origin[i] {
			return nil, false
		}
	}
	return name[:at], true
}

// isBelow tells whether a name is at or below another.
func isBelow(name, above []byte) bool {
	cut := len(name) - len(above)
	return cut >= 0 && bytes.Equal(name[cut:], above) && startsLabel(name, cut)
}

// startsLabel tells whether a label of a name starts there, or the name ends.
func startsLabel(name []byte, at int) bool {
	i := 0
	for i < at {
		i += int(name[i]) + 1
	}
	return i == at
}

// labelCount returns the number of labels, without the root.
func labelCount(wire string) int {
	n := 0
	for i := 0; i < len(wire) && wire[i] != 0; i += int(wire[i]) + 1 {
		n++
	}
	return n
}
