package zonedata

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
)

// list is an RRset that is being changed.
type list struct {
	rrtype  uint16
	records []record
	length  int // of all records
}

// split appends the records of an RRset.
func (l *list) split(set *RRset) {
	origins := set.origins
	for start := 0; start < len(set.wire); {
		end := start + size(set.wire[start:])
		r := record{wire: set.wire[start:end:end]}
		for ; len(origins) > 0 && int(origins[0]) < end; origins = origins[1:] {
			r.origins[r.count] = origins[0] - uint16(start)
			r.count++
		}
		l.records = append(l.records, r)
		start = end
	}
	l.length = len(set.wire)
}

// index finds a record of the same data; -1 if there is none.
func (l *list) index(p packed) int {
	return slices.IndexFunc(l.records, func(r record) bool {
		return sameData(p.rrtype, r.wire[RecordHead:], p.wire[RecordHead:])
	})
}

var errTooLong = errors.New("has more records than a message can carry")

func (l *list) add(r record) error {
	if l.length+len(r.wire) > longestSet {
		return errTooLong
	}
	l.length += len(r.wire)
	l.records = append(l.records, r)
	return nil
}

// rrset joins the records. Their TTLs become one, the least (RFC 2181, section
// 5.2).
func (l *list) rrset() *RRset {
	ttl, origins := uint32(1<<31-1), 0
	for _, r := range l.records {
		ttl = min(ttl, binary.BigEndian.Uint32(r.wire[6:]))
		origins += r.count
	}
	set := &RRset{rrtype: l.rrtype, count: uint16(len(l.records)), wire: make([]byte, 0, l.length)}
	if origins > 0 {
		set.origins = make([]uint16, 0, origins)
	}
	for _, r := range l.records {
		at := len(set.wire)
		for _, origin := range r.origins[:r.count] {
			set.origins = append(set.origins, origin+uint16(at))
		}
		set.wire = append(set.wire, r.wire...)
		binary.BigEndian.PutUint32(set.wire[at+6:], ttl)
	}
	return set
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
		end = dnsname.Skip(a, end)
	}
	return bytes.Equal(a[:start], b[:start]) && bytes.Equal(a[end:], b[end:]) &&
		dnsname.Lowered(string(a[start:end])) == dnsname.Lowered(string(b[start:end]))
}
