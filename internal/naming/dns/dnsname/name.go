// Package dnsname works on domain names in wire form: labels, each after its
// length, and the 0 of the root. A name that is said to be without the origin
// lacks the labels of its zone and the root.
package dnsname

import (
	"bytes"
	"fmt"

	"github.com/miekg/dns"
)

// longestLabel is the most bytes that a label has (RFC 1035, section 2.3.4).
const LongestLabel = 63

// Length returns the length of an uncompressed name in wire form.
func Length(name []byte) int {
	for i := 0; i < len(name); i += int(name[i]) + 1 {
		if name[i] == 0 {
			return i + 1
		}
	}
	return len(name)
}

// Lowered returns a name of wire form in lower case. Lengths of labels are less
// than any letter.
func Lowered(name string) string {
	for i := range len(name) {
		if name[i] != lowerByte(name[i]) {
			b := []byte(name)
			Lower(b)
			return string(b)
		}
	}
	return name
}

func Lower(name []byte) {
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

// Wire returns a name in wire form, lower case.
func Wire(name string) (string, error) {
	if !dns.IsFqdn(name) {
		return "", fmt.Errorf("%q does not end with a dot", name)
	}
	buf := make([]byte, 256)
	end, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("%q: %w", name, err)
	}
	return Lowered(string(buf[:end])), nil
}

// Text returns a name of wire form as text.
func Text(wire string) string {
	name, _, err := dns.UnpackDomainName([]byte(wire), 0)
	if err != nil {
		return "a name that can't be shown"
	}
	return name
}

// Skip returns the end of a name, or -1. It does not follow pointers.
func Skip(msg []byte, at int) int {
	for at < len(msg) {
		switch size := int(msg[at]); {
		case size == 0:
			return at + 1
		case size >= 0xC0:
			return at + 2
		case size > LongestLabel:
			return -1
		default:
			at += size + 1
		}
	}
	return -1
}

// Labels appends where the labels of a name begin.
func Labels(name []byte, labels []uint8) []uint8 {
	for i := 0; i < len(name); i += int(name[i]) + 1 {
		labels = append(labels, uint8(i))
	}
	return labels
}

// Relative cuts an origin, lower case, off a name; false if the name is not
// inside.
func Relative(name []byte, origin string) ([]byte, bool) {
	at := len(name) - len(origin)
	if at < 0 || !StartsLabel(name, at) {
		return nil, false
	}
	for i, c := range name[at:] {
		if lowerByte(c) != origin[i] {
			return nil, false
		}
	}
	return name[:at], true
}

// IsBelow reports whether a name is at or below another.
func IsBelow(name, above []byte) bool {
	cut := len(name) - len(above)
	return cut >= 0 && bytes.Equal(name[cut:], above) && StartsLabel(name, cut)
}

// StartsLabel reports whether a label of a name, or its end, is at a place.
func StartsLabel(name []byte, at int) bool {
	i := 0
	for i < at {
		i += int(name[i]) + 1
	}
	return i == at
}

// LabelCount returns the number of labels, without the root.
func LabelCount(wire string) int {
	n := 0
	for i := 0; i < len(wire) && wire[i] != 0; i += int(wire[i]) + 1 {
		n++
	}
	return n
}
