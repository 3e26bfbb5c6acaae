package dns

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// contents is what a zone holds at one moment. It is never changed.
type contents struct {
	origin    string // as zone.Zone has it
	wire      string // the origin in wire form, lower case
	apex      *node
	names     *trie[node] // all but the apex, by name without the origin
	negative  *rrset      // the SOA with the TTL of negative answers
	serial    uint32
	records   int
	wildcards int     // nodes; without any a look-up is spared
	signer    *signer // nil: the zone is not signed
	ds        *rrset  // what the zone above has of it; nil if that is nothing
}

// node is a name that exists: with records, or as an empty non-terminal.
type node struct {
	owner    string // as it was spelled first, without the origin
	sets     []*rrset
	children int  // names that exist one label below
	cut      bool // a delegation: what is at and below it is not ours
}

func (n *node) get(rrtype uint16) *rrset {
	for _, s := range n.sets {
		if s.rrtype == rrtype {
			return s
		}
	}
	return nil
}

// present tells whether the name exists (RFC 4592, section 2.2.2).
func (n *node) present() bool { return len(n.sets) > 0 || n.children > 0 }

// match is where the search for a name ended.
type match struct {
	node     *node // nil if the name does not exist, nor a wildcard for it
	at       int   // the label at which the closest encloser, or the delegation, begins
	wildcard bool  // node is the wildcard below the closest encloser
	cut      bool  // node is the delegation at or above the name

	elsewhere bool // another of our zones has the name
}

// find searches for a name without the origin, lower case, whose labels begin
// where labels says. DS is looked for above a cut (RFC 4035, section 3.1.4.1).
func (c *contents) find(name []byte, labels []uint8, rrtype uint16) match {
	closest := c.apex
	for i := len(labels) - 1; i >= 0; i-- {
		n := c.names.get(name[labels[i]:])
		if n == nil {
			return c.wildcard(name, labels, i+1)
		}
		if n.cut && (i > 0 || rrtype != dns.TypeDS) {
			return match{node: n, at: i, cut: true}
		}
		closest = n
	}
	return match{node: closest}
}

// wildcard searches for the source of synthesis below the closest encloser,
// which begins at a label (RFC 4592, section 3.3).
func (c *contents) wildcard(name []byte, labels []uint8, closest int) match {
	if c.wildcards == 0 {
		return match{at: closest}
	}
	var buf [256]byte
	star := append(buf[:0], 1, '*')
	if closest < len(labels) {
		star = append(star, name[labels[closest]:]...)
	}
	n := c.names.get(star)
	return match{node: n, at: closest, wildcard: n != nil}
}

// node returns the node of a name without the origin, or nil.
func (c *contents) node(key string) *node {
	if key == "" {
		return c.apex
	}
	return c.names.get([]byte(key))
}

// negativeSOA is the SOA as negative answers have it (RFC 2308, section 5).
func negativeSOA(soa *rrset) *rrset {
	wire := append([]byte(nil), soa.wire...)
	minimum := binary.BigEndian.Uint32(wire[len(wire)-4:])
	binary.BigEndian.PutUint32(wire[6:], min(soa.ttl(), minimum))
	return &rrset{rrtype: soa.rrtype, count: 1, wire: wire, origins: soa.origins}
}

func serialOf(soa *rrset) uint32 { return binary.BigEndian.Uint32(soa.wire[len(soa.wire)-20:]) }
