package dns

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/miekg/dns"
)

// rrset is the records of one name and type, packed as an answer has them: the
// owner is a pointer to the question's name, and names in the data that end in
// the zone's origin end in a pointer to where the message has it. Those
// pointers are written when the RRset is copied, for the origin's place depends
// on the question.
type rrset struct {
	rrtype  uint16
	count   uint16
	wire    []byte
	origins []uint16 // where in wire pointers to the origin stand
	signed  atomic.Pointer[signature]
}

const (
	questionAt   = 12                // of the name of the question, in every message
	pointer      = 0xC000            // the two bits of a compression pointer (RFC 1035, section 4.1.4)
	farthest     = 0x3FFF            // that a pointer reaches
	recordHead   = 2 + 2 + 2 + 4 + 2 // owner as a pointer, type, class, TTL, length
	longestLabel = 63
	longestSet   = 65535 - 12 - 255 - 4 - 64 // so that header, question and OPT fit beside it
)

// compressible tells where in the data of a type compressible names begin, and
// how many they are.
func compressible(rrtype uint16) (at, names int) {
	switch rrtype {
	case dns.TypeNS, dns.TypeCNAME, dns.TypePTR:
		return 0, 1
	case dns.TypeSOA:
		return 0, 2
	case dns.TypeMX:
		return 2, 1
	}
	return 0, 0
}

// sameData compares the data of two records of a type. Names in it are the same
// in any case (RFC 4034, section 6.2).
func sameData(rrtype uint16, a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	start, names := compressible(rrtype)
	if rrtype == dns.TypeSRV {
		start, names = 6, 1
	}
	end := start
	for range names {
		end = skipName(a, end)
	}
	return bytes.Equal(a[:start], b[:start]) && bytes.Equal(a[end:], b[end:]) &&
		lowered(string(a[start:end])) == lowered(string(b[start:end]))
}

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

// size returns how long the record at the beginning of an RRset's wire is.
func size(wire []byte) int {
	return recordHead + int(binary.BigEndian.Uint16(wire[recordHead-2:]))
}

func (s *rrset) ttl() uint32 { return binary.BigEndian.Uint32(s.wire[6:]) }

// records unpacks the RRset. The owner is given in wire form, with the origin.
func (s *rrset) records(owner string, origin string) []dns.RR {
	head := questionAt + len(owner)
	msg := make([]byte, head, head+len(s.wire))
	copy(msg[questionAt:], owner)
	msg = append(msg, s.wire...)
	for _, at := range s.origins {
		binary.BigEndian.PutUint16(msg[head+int(at):], uint16(pointer|head-len(origin)))
	}
	rrs := make([]dns.RR, 0, s.count)
	for at := head; at < len(msg); {
		rr, next, err := dns.UnpackRR(msg, at)
		if err != nil {
			panic(fmt.Sprintf("dns: a record that was packed does not unpack: %v", err))
		}
		rrs = append(rrs, rr)
		at = next
	}
	return rrs
}
