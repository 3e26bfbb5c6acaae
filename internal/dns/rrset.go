package dns

import (
	"bytes"
	"encoding/binary"
	"errors"
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

var errOutside = errors.New("is outside of the zone")

// packed is one record before it is a part of an RRset.
type packed struct {
	key     string // owner: lower case, without the origin, "" is the origin itself
	owner   string // the same as it was spelled
	rrtype  uint16
	wire    []byte
	origins []uint16 // in wire
}

// packer packs records of one zone.
type packer struct {
	origin string // wire form, lower case
	buf    []byte
}

func (p *packer) pack(rr dns.RR) (packed, error) {
	head := rr.Header()
	if head.Class != dns.ClassINET {
		return packed{}, fmt.Errorf("%s %s: class is not IN", head.Name, dns.TypeToString[head.Rrtype])
	}
	if p.buf == nil {
		p.buf = make([]byte, dns.MaxMsgSize)
	}
	end, err := dns.PackRR(rr, p.buf, 0, nil, false)
	if err != nil {
		return packed{}, fmt.Errorf("%s %s: %w", head.Name, dns.TypeToString[head.Rrtype], err)
	}
	msg := p.buf[:end]
	if _, _, err := dns.UnpackRR(msg, 0); err != nil {
		return packed{}, fmt.Errorf("%s %s: %w", head.Name, dns.TypeToString[head.Rrtype], err)
	}
	size := nameLength(msg)
	relative, ok := p.relative(msg[:size])
	if !ok {
		return packed{}, fmt.Errorf("%s %w", head.Name, errOutside)
	}
	owner := string(relative)
	result := packed{owner: owner, key: lowered(owner), rrtype: head.Rrtype}
	data := msg[size+10:]
	wire := make([]byte, 0, recordHead+len(data))
	wire = binary.BigEndian.AppendUint16(wire, pointer|questionAt)
	wire = append(wire, msg[size:size+10]...)
	if wire, result.origins, err = p.compress(wire, head.Rrtype, data); err != nil {
		return packed{}, fmt.Errorf("%s %s: %w", head.Name, dns.TypeToString[head.Rrtype], err)
	}
	binary.BigEndian.PutUint16(wire[recordHead-2:], uint16(len(wire)-recordHead))
	result.wire = wire
	return result, nil
}

// compress appends a record's data, its names shortened where RFC 3597,
// section 4, allows it.
func (p *packer) compress(wire []byte, rrtype uint16, data []byte) (_ []byte, origins []uint16, _ error) {
	if len(data) == 0 && rrtype != dns.TypeAPL && rrtype != dns.TypeNULL && dns.TypeToRR[rrtype] != nil {
		return nil, nil, errors.New("has no data")
	}
	at, names := compressible(rrtype)
	wire = append(wire, data[:at]...)
	data = data[at:]
	for range names {
		size := nameLength(data)
		if relative, ok := p.relative(data[:size]); ok {
			wire = append(wire, relative...)
			origins = append(origins, uint16(len(wire)))
			wire = append(wire, pointer>>8, 0)
		} else {
			wire = append(wire, data[:size]...)
		}
		data = data[size:]
	}
	return append(wire, data...), origins, nil
}

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

// relative cuts the origin off a name; false if the name is not inside.
func (p *packer) relative(name []byte) ([]byte, bool) {
	at := len(name) - len(p.origin)
	if at < 0 || lowered(string(name[at:])) != p.origin {
		return nil, false
	}
	for i := 0; i <= at; i += int(name[i]) + 1 {
		if i == at {
			return name[:at], true
		}
	}
	return nil, false
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
		if name[i] >= 'A' && name[i] <= 'Z' {
			b := []byte(name)
			lower(b)
			return string(b)
		}
	}
	return name
}

func lower(name []byte) {
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			name[i] = c | 0x20
		}
	}
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
