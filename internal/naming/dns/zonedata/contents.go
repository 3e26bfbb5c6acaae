package zonedata

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/trie"
)

// Contents are the data of a zone at one moment. They are never changed.
type Contents struct {
	origin    string // as zone.Zone has it
	Wire      string // the origin in wire form, lower case
	apex      *Node
	names     *trie.Map[Node] // all but the apex, by name without the origin
	Negative  *RRset          // the SOA with the TTL of negative answers
	serial    uint32
	records   int
	wildcards int     // nodes; without any a look-up is spared
	signer    *signer // nil: the zone is not signed
	ds        *RRset  // DS records that the zone above answers; nil if there are none
}

// Node is a name that exists: with records, or as an empty non-terminal.
type Node struct {
	Owner    string // as it was spelled first, without the origin
	sets     []*RRset
	children int  // names that exist one label below
	cut      bool // a delegation: names at and below it are of another zone
}

func (n *Node) Get(rrtype uint16) *RRset {
	for _, s := range n.sets {
		if s.rrtype == rrtype {
			return s
		}
	}
	return nil
}

// First returns the RRset of the lowest type; nil if there is none.
func (n *Node) First() *RRset {
	if len(n.sets) == 0 {
		return nil
	}
	return n.sets[0]
}

// Types returns the types of a name's RRsets.
func (n *Node) Types() []uint16 {
	var types []uint16
	for _, set := range n.sets {
		types = append(types, set.rrtype)
	}
	return types
}

// present reports whether the name exists (RFC 4592, section 2.2.2).
func (n *Node) present() bool { return len(n.sets) > 0 || n.children > 0 }

// Match is where the search for a name ended.
type Match struct {
	Node     *Node // nil if the name does not exist, nor a wildcard for it
	At       int   // the label at which the closest encloser, or the delegation, begins
	Wildcard bool  // node is the wildcard below the closest encloser
	Cut      bool  // node is the delegation at or above the name

	Elsewhere bool // another of our zones has the name
}

// Find searches for a name without the origin, lower case, whose labels begin
// where labels says. DS is looked for above a cut (RFC 4035, section 3.1.4.1).
func (c *Contents) Find(name []byte, labels []uint8, rrtype uint16) Match {
	closest := c.apex
	for i := len(labels) - 1; i >= 0; i-- {
		n := c.names.Get(name[labels[i]:])
		if n == nil {
			return c.wildcard(name, labels, i+1)
		}
		if n.cut && (i > 0 || rrtype != dns.TypeDS) {
			return Match{Node: n, At: i, Cut: true}
		}
		closest = n
	}
	return Match{Node: closest}
}

// wildcard searches for the source of synthesis below the closest encloser,
// which begins at a label (RFC 4592, section 3.3).
func (c *Contents) wildcard(name []byte, labels []uint8, closest int) Match {
	if c.wildcards == 0 {
		return Match{At: closest}
	}
	var buf [256]byte
	star := append(buf[:0], 1, '*')
	if closest < len(labels) {
		star = append(star, name[labels[closest]:]...)
	}
	n := c.names.Get(star)
	return Match{Node: n, At: closest, Wildcard: n != nil}
}

// Node returns the node of a name without the origin, lower case; nil if the
// name does not exist.
func (c *Contents) Node(name []byte) *Node {
	if len(name) == 0 {
		return c.apex
	}
	return c.names.Get(name)
}

// Inside appends to buf the name at the beginning of a record's data, lower
// case and without the origin; nil if it is outside of the zone.
func (c *Contents) Inside(data, buf []byte) []byte {
	at := 0
	for data[at] != 0 && data[at] < 0xC0 {
		at += int(data[at]) + 1
	}
	buf = append(buf, data[:at]...)
	dnsname.Lower(buf)
	if data[at] != 0 {
		return buf // ends in a pointer to the origin
	}
	origin := c.Wire[:len(c.Wire)-1] // spelled out, as SRV has to
	if cut := len(buf) - len(origin); cut >= 0 && string(buf[cut:]) == origin && dnsname.StartsLabel(buf, cut) {
		return buf[:cut]
	}
	return nil
}

// negativeSOA is the SOA as negative answers have it (RFC 2308, section 5).
func negativeSOA(soa *RRset) *RRset {
	wire := append([]byte(nil), soa.wire...)
	minimum := binary.BigEndian.Uint32(wire[len(wire)-4:])
	binary.BigEndian.PutUint32(wire[6:], min(soa.ttl(), minimum))
	return &RRset{rrtype: soa.rrtype, count: 1, wire: wire, origins: soa.origins}
}

func serialOf(soa *RRset) uint32 { return binary.BigEndian.Uint32(soa.wire[len(soa.wire)-20:]) }
