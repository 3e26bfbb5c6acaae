package dns

import (
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
