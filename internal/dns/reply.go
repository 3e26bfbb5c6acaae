package dns

import (
	"encoding/binary"
	"slices"

	"github.com/miekg/dns"
)

// reply is an answer in the making. It is used again for the next one.
type reply struct {
	buf    []byte
	limit  int // of buf's length, with what is to be appended at the end left out
	origin int // where the zone's origin is in buf

	authoritative, truncated bool
	rcode                    int
	answers                  int
	authorities              int
	additionals              int

	question int // its end
	added    []*node
}

// begin starts the answer to a query in a buffer, with the question as it was
// asked: whoever mixes case to be safe from forgers gets it back.
func (r *reply) begin(q *query, buf []byte, limit int) {
	*r = reply{buf: buf[:0], limit: limit - q.reserve(), added: r.added[:0]}
	end := max(q.end, headerSize)
	r.buf = append(r.buf, q.msg[:end]...)
	r.question = end
}

// finish writes the header and OPT, and returns the message.
func (r *reply) finish(q *query) []byte {
	if r.truncated {
		r.buf = r.buf[:r.question]
		r.answers, r.authorities, r.additionals = 0, 0, 0
	}
	questions := 0
	if q.end > 0 {
		questions = 1
	}
	if q.edns.present {
		r.opt(q)
	}
	head := r.buf
	head[2] = 0x80 | q.msg[2]&0x79 // opcode and RD as asked
	if r.authoritative {
		head[2] |= 0x04
	}
	if r.truncated {
		head[2] |= 0x02
	}
	head[3] = q.msg[3]&0x10 | byte(r.rcode&15) // CD as asked (RFC 4035, section 3.1.6)
	binary.BigEndian.PutUint16(head[4:], uint16(questions))
	binary.BigEndian.PutUint16(head[6:], uint16(r.answers))
	binary.BigEndian.PutUint16(head[8:], uint16(r.authorities))
	binary.BigEndian.PutUint16(head[10:], uint16(r.additionals))
	return r.buf
}

// reserve is the room that an answer's OPT takes.
func (q *query) reserve() int {
	if !q.edns.present {
		return 0
	}
	return optSize
}

// opt appends the OPT record.
func (r *reply) opt(q *query) {
	flags := byte(0)
	if q.edns.do {
		flags = 0x80
	}
	r.buf = append(r.buf, 0, 0, byte(dns.TypeOPT), maxUDP>>8, maxUDP&0xFF, byte(r.rcode>>4), 0, flags, 0, 0, 0)
	r.additionals++
}

// add appends an RRset and returns where it begins. Its owner's name is in the
// message at a place; if that is too far for a pointer it is spelled, as the
// name without the origin. If there is no room it returns 0.
func (r *reply) add(set *rrset, owner int, name []byte) int {
	if owner > farthest {
		return r.spell(set, name)
	}
	at := len(r.buf)
	if at+len(set.wire) > r.limit {
		return 0
	}
	r.buf = append(r.buf, set.wire...)
	wire := r.buf[at:]
	for _, p := range set.origins {
		binary.BigEndian.PutUint16(wire[p:], uint16(pointer|r.origin))
	}
	if owner != questionAt {
		for len(wire) > 0 {
			binary.BigEndian.PutUint16(wire, uint16(pointer|owner))
			wire = wire[size(wire):]
		}
	}
	return at
}

// spell is add with the owner's name written out.
func (r *reply) spell(set *rrset, name []byte) int {
	at := len(r.buf)
	if at+len(set.wire)+int(set.count)*len(name) > r.limit {
		return 0
	}
	origins := set.origins
	for start := 0; start < len(set.wire); {
		end := start + size(set.wire[start:])
		r.buf = append(r.buf, name...)
		r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(pointer|r.origin))
		shift := len(r.buf) - start - 2
		r.buf = append(r.buf, set.wire[start+2:end]...)
		for len(origins) > 0 && int(origins[0]) < end {
			binary.BigEndian.PutUint16(r.buf[int(origins[0])+shift:], uint16(pointer|r.origin))
			origins = origins[1:]
		}
		start = end
	}
	return at
}

// answer adds an RRset to the answer section. What does not fit whole leaves
// the whole answer truncated.
func (r *reply) answer(set *rrset, owner int) int {
	at := r.add(set, owner, nil)
	if at == 0 {
		r.truncated = true
		return 0
	}
	r.answers += int(set.count)
	return at
}

// authority is answer for the authority section.
func (r *reply) authority(set *rrset, owner int) int {
	at := r.add(set, owner, nil)
	if at == 0 {
		r.truncated = true
		return 0
	}
	r.authorities += int(set.count)
	return at
}

// addresses adds the addresses of the hosts that an RRset at a place in the
// message names, as far as the zone has them. Below a cut they are glue, which
// has to be there (RFC 9471); the others may be left out.
func (r *reply) addresses(c *contents, set *rrset, at int, below string) {
	skip, ok := hostAt(set.rrtype)
	if !ok {
		return
	}
	var buf [256]byte
	for wire := set.wire; len(wire) > 0; wire = wire[size(wire):] {
		data := wire[recordHead:size(wire)]
		name := c.inside(data[skip:], buf[:0])
		if name != nil {
			r.host(c, name, at+recordHead+skip, below)
		}
		at += size(wire)
	}
}

// host adds the addresses of one host, whose name is in the message at a place.
func (r *reply) host(c *contents, name []byte, at int, below string) {
	n := c.apex
	if len(name) > 0 {
		n = c.names.get(name)
	}
	if n == nil || slices.Contains(r.added, n) {
		return
	}
	r.added = append(r.added, n)
	for _, rrtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		set := n.get(rrtype)
		if set == nil {
			continue
		}
		if r.add(set, at, name) != 0 {
			r.additionals += int(set.count)
		} else if below != "" && isBelow(name, below) {
			r.truncated = true
		}
	}
}

// hostAt tells where in a type's data the name of a host is, whose addresses
// are of use (RFC 1035, section 3.3; RFC 2782).
func hostAt(rrtype uint16) (int, bool) {
	switch rrtype {
	case dns.TypeNS:
		return 0, true
	case dns.TypeMX:
		return 2, true
	case dns.TypeSRV:
		return 6, true
	}
	return 0, false
}

// inside appends to buf the name at the beginning of a record's data, lower
// case and without the origin; nil if it is outside of the zone.
func (c *contents) inside(data, buf []byte) []byte {
	at := 0
	for data[at] != 0 && data[at] < 0xC0 {
		at += int(data[at]) + 1
	}
	buf = append(buf, data[:at]...)
	lower(buf)
	if data[at] != 0 {
		return buf // ends in a pointer to the origin
	}
	cut := at + 1 - len(c.wire) // spelled out, as SRV has to
	if cut < 0 || string(buf[cut:]) != c.wire[:len(c.wire)-1] {
		return nil
	}
	for i := 0; i <= cut; i += int(buf[i]) + 1 {
		if i == cut {
			return buf[:cut]
		}
	}
	return nil
}

// isBelow tells whether a name is at or below another.
func isBelow(name []byte, above string) bool {
	cut := len(name) - len(above)
	if cut < 0 || string(name[cut:]) != above {
		return false
	}
	for i := 0; i <= cut; i += int(name[i]) + 1 {
		if i == cut {
			return true
		}
	}
	return false
}
