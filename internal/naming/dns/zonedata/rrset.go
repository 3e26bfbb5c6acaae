package zonedata

import (
	"encoding/binary"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/miekg/dns"
)

// RRset is the records of one name and type, packed as an answer has them: the
// owner is a pointer to the question's name, and names in the data that end in
// the zone's origin end in a pointer to where the message has it. Those
// pointers are written when the RRset is copied, for the origin's place depends
// on the question.
type RRset struct {
	rrtype  uint16
	count   uint16
	wire    []byte
	origins []uint16 // where in wire pointers to the origin stand
	signed  atomic.Pointer[signature]
}

const (
	QuestionAt      = 12                        // of the name of the question, in every message
	pointer         = 0xC000                    // the two bits of a compression pointer (RFC 1035, section 4.1.4)
	FarthestPointer = 0x3FFF                    // that a pointer reaches
	RecordHead      = 2 + 2 + 2 + 4 + 2         // owner as a pointer, type, class, TTL, length
	longestSet      = 65535 - 12 - 255 - 4 - 64 // so that header, question and OPT fit beside it
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
	return RecordHead + int(binary.BigEndian.Uint16(wire[RecordHead-2:]))
}

// Type returns the type of the records.
func (s *RRset) Type() uint16 { return s.rrtype }

// Count returns the number of records.
func (s *RRset) Count() int { return int(s.count) }

// Data returns the data of each record, after where it begins in what AppendTo
// appends.
func (s *RRset) Data() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for at := 0; at < len(s.wire); {
			end := at + size(s.wire[at:])
			if !yield(at+RecordHead, s.wire[at+RecordHead:end]) {
				return
			}
			at = end
		}
	}
}

// FirstData returns the data of the first record.
func (s *RRset) FirstData() []byte { return s.wire[RecordHead:size(s.wire)] }

// Len returns how many bytes AppendTo appends.
func (s *RRset) Len() int { return len(s.wire) }

// AppendTo appends the RRset to a message in which the owner's name and the
// origin are at a place.
func (s *RRset) AppendTo(msg []byte, owner, origin int) []byte {
	at := len(msg)
	msg = append(msg, s.wire...)
	wire := msg[at:]
	for _, p := range s.origins {
		binary.BigEndian.PutUint16(wire[p:], uint16(pointer|origin))
	}
	if owner != QuestionAt {
		for len(wire) > 0 {
			binary.BigEndian.PutUint16(wire, uint16(pointer|owner))
			wire = wire[size(wire):]
		}
	}
	return msg
}

// SpelledLen returns how many bytes AppendSpelled appends.
func (s *RRset) SpelledLen(name []byte) int { return len(s.wire) + int(s.count)*len(name) }

// AppendSpelled is AppendTo with the owner's name, given without the origin,
// written out.
func (s *RRset) AppendSpelled(msg, name []byte, origin int) []byte {
	origins := s.origins
	for start := 0; start < len(s.wire); {
		end := start + size(s.wire[start:])
		msg = append(msg, name...)
		msg = binary.BigEndian.AppendUint16(msg, uint16(pointer|origin))
		shift := len(msg) - start - 2
		msg = append(msg, s.wire[start+2:end]...)
		for len(origins) > 0 && int(origins[0]) < end {
			binary.BigEndian.PutUint16(msg[int(origins[0])+shift:], uint16(pointer|origin))
			origins = origins[1:]
		}
		start = end
	}
	return msg
}

func (s *RRset) ttl() uint32 { return binary.BigEndian.Uint32(s.wire[6:]) }

// Records unpacks the RRset. The owner is given in wire form, with the origin.
func (s *RRset) Records(owner string, origin string) []dns.RR {
	head := QuestionAt + len(owner)
	msg := make([]byte, head, head+len(s.wire))
	copy(msg[QuestionAt:], owner)
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
