package dns

import (
	"slices"

	"github.com/miekg/dns"
)

// maxChain bounds how many CNAMEs are followed in one answer.
const maxChain = 16

// resolve answers a plain query (RFC 1034, section 4.3.2).
func (t *table) resolve(q *query, r *reply) {
	if q.class != dns.ClassINET {
		r.rcode = dns.RcodeRefused // so are CHAOS and its version.bind
		return
	}
	if rcode := meta(q.rrtype); rcode != 0 {
		r.rcode = rcode
		return
	}
	c, at := t.zone(q)
	if c == nil {
		r.rcode = dns.RcodeRefused
		return
	}
	r.authoritative = true
	r.origin = questionAt + q.length - len(c.wire)
	c.resolve(q, r, q.name[:q.length-len(c.wire)], q.labels[:at])
}

// zone finds the zone that answers, and the label that its origin begins at. DS
// belongs to the zone above (RFC 4035, section 3.1.4.1), if we have it.
func (t *table) zone(q *query) (*contents, int) {
	name, labels := q.name[:q.length], q.labels[:q.count]
	c, at := t.find(name, labels, 0)
	if c != nil && at == 0 && q.rrtype == dns.TypeDS && q.count > 0 {
		if above, at := t.find(name, labels, 1); above != nil {
			return above, at
		}
	}
	return c, at
}

// meta tells how a type is refused that is not of data (RFC 6895, section 3.1).
func meta(rrtype uint16) int {
	switch rrtype {
	case dns.TypeOPT:
		return dns.RcodeFormatError
	case dns.TypeTKEY, dns.TypeTSIG, dns.TypeMAILA, dns.TypeMAILB:
		return dns.RcodeNotImplemented
	}
	return 0
}

// resolve answers from one zone. name and labels are of the question, without
// the origin.
func (c *contents) resolve(q *query, r *reply, name []byte, labels []uint8) {
	var chain [maxChain]*rrset
	var places [128]uint8
	var target [256]byte
	owner := questionAt // where name is in the message
	for hop := 0; ; hop++ {
		m := c.find(name, labels, q.rrtype)
		if m.cut {
			r.authoritative = hop > 0
			c.refer(r, m.node, owner+int(labels[m.at]), string(name[labels[m.at]:]))
			return
		}
		if m.node == nil {
			r.rcode = dns.RcodeNameError
			r.authority(c.negative, r.origin)
			return
		}
		if set := m.node.choose(q.rrtype); set != nil {
			if at := r.answer(set, owner); at != 0 && q.rrtype != dns.TypeANY {
				r.addresses(c, set, at, "")
			}
			return
		}
		alias := m.node.get(dns.TypeCNAME)
		if alias == nil {
			r.authority(c.negative, r.origin)
			return
		}
		if hop == maxChain || slices.Contains(chain[:hop], alias) {
			return // what is found so far shows the loop
		}
		chain[hop] = alias
		at := r.answer(alias, owner)
		if at == 0 {
			return
		}
		owner = at + recordHead
		if name = c.inside(alias.wire[recordHead:], target[:0]); name == nil {
			return // the client asks there
		}
		labels = split(name, places[:0])
	}
}

// choose returns the RRset that answers a type; nil if there is none. ANY is
// answered by one RRset (RFC 8482, section 4.1): whoever needs the others asks
// for them, and forgers get little to amplify.
func (n *node) choose(rrtype uint16) *rrset {
	if rrtype == dns.TypeANY && len(n.sets) > 0 {
		return n.sets[0]
	}
	return n.get(rrtype)
}

// refer refers to the servers of a delegation, whose name is in the message at
// a place.
func (c *contents) refer(r *reply, n *node, owner int, name string) {
	set := n.get(dns.TypeNS)
	if at := r.authority(set, owner); at != 0 {
		r.addresses(c, set, at, name)
	}
}

// split appends where the labels of a name begin.
func split(name []byte, labels []uint8) []uint8 {
	for i := 0; i < len(name); i += int(name[i]) + 1 {
		labels = append(labels, uint8(i))
	}
	return labels
}
