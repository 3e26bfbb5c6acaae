package zonedata

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
)

// record is one record, packed as a part of an RRset.
type record struct {
	wire    []byte
	origins [2]uint16 // where in wire pointers to the origin stand
	count   int       // of origins
}

// packed is a record and where it belongs.
type packed struct {
	record
	owner  []byte // as it was spelled, without the origin
	rrtype uint16
}

// packer packs records of one zone. What it returns is good until it is freed.
type packer struct {
	origin string // wire form, lower case
	buf    [dns.MaxMsgSize]byte
	packed []byte // all that was packed
}

var packers = sync.Pool{New: func() any { return new(packer) }}

func newPacker(origin string) *packer {
	p := packers.Get().(*packer)
	p.origin, p.packed = origin, p.packed[:0]
	return p
}

func (p *packer) free() {
	if cap(p.packed) <= 1<<20 {
		packers.Put(p)
	}
}

func (p *packer) pack(rr dns.RR) (packed, error) {
	if rr == nil {
		return packed{}, errors.New("a record is nil")
	}
	packed, err := p.record(rr)
	if err != nil {
		head := rr.Header()
		err = fmt.Errorf("%s %s: %w", head.Name, dns.Type(head.Rrtype), err)
	}
	return packed, err
}

func (p *packer) record(rr dns.RR) (packed, error) {
	head := rr.Header()
	if head.Name == "" {
		return packed{}, errors.New("has no owner")
	}
	if head.Class != dns.ClassINET {
		return packed{}, errors.New("class is not IN")
	}
	end, err := dns.PackRR(rr, p.buf[:], 0, nil, false)
	if err != nil {
		return packed{}, err
	}
	msg := p.buf[:end]
	size := dnsname.Length(msg)
	if err := whole(head.Rrtype, msg, msg[size+10:]); err != nil {
		return packed{}, err
	}
	owner, ok := dnsname.Relative(msg[:size], p.origin)
	if !ok {
		return packed{}, errors.New("is outside of the zone")
	}
	at := len(p.packed)
	p.packed = append(p.packed, owner...)
	result := packed{owner: p.packed[at:], rrtype: head.Rrtype}
	result.record = p.compress(head.Rrtype, msg[size:])
	return result, nil
}

// layout is what the data of a type has: bytes, names, bytes. The data of types
// that come often is checked by it, as unpacking costs more.
var layout = map[uint16]struct{ before, names, after int }{
	dns.TypeA:     {4, 0, 0},
	dns.TypeAAAA:  {16, 0, 0},
	dns.TypeNS:    {0, 1, 0},
	dns.TypeCNAME: {0, 1, 0},
	dns.TypePTR:   {0, 1, 0},
	dns.TypeMX:    {2, 1, 0},
	dns.TypeSRV:   {6, 1, 0},
	dns.TypeSOA:   {0, 2, 20},
}

var errPart = errors.New("a part of the data is missing")

// whole rejects a record that can be packed though a part of it is missing.
func whole(rrtype uint16, msg, data []byte) error {
	l, ok := layout[rrtype]
	if !ok {
		_, _, err := dns.UnpackRR(msg, 0)
		if err == nil && len(data) == 0 && rrtype != dns.TypeAPL && rrtype != dns.TypeNULL && dns.TypeToRR[rrtype] != nil {
			err = errPart
		}
		return err
	}
	at := l.before
	for range l.names {
		if at = dnsname.Skip(data, at); at < 0 {
			return errPart
		}
	}
	if at+l.after != len(data) {
		return errPart
	}
	return nil
}

// compress packs a record, given from its type on, its names shortened where
// RFC 3597, section 4, allows it.
func (p *packer) compress(rrtype uint16, rest []byte) record {
	var r record
	start := len(p.packed)
	wire := binary.BigEndian.AppendUint16(p.packed, pointer|QuestionAt)
	at, names := compressible(rrtype)
	wire = append(wire, rest[:10+at]...)
	rest = rest[10+at:]
	for range names {
		size := dnsname.Length(rest)
		if name, ok := dnsname.Relative(rest[:size], p.origin); ok {
			wire = append(wire, name...)
			r.origins[r.count] = uint16(len(wire) - start)
			r.count++
			wire = append(wire, pointer>>8, 0)
		} else {
			wire = append(wire, rest[:size]...)
		}
		rest = rest[size:]
	}
	p.packed = append(wire, rest...)
	r.wire = p.packed[start:]
	binary.BigEndian.PutUint16(r.wire[RecordHead-2:], uint16(len(r.wire)-RecordHead))
	return r
}
