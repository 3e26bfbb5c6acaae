package zonedata

import (
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/trie"
)

// A zone delegates every zone of the table whose origin is below its own, with NS
// records for it or without. Its Contents have nothing of the zones below: the
// table is asked at the time of the question.

// beneath has, of the names one label below another, those that have origins at
// or below them, and how many.
type beneath = trie.Map[int]

// countBelow adds a change to the count of origins of each name above an origin.
// The caller has locked mu.
func (t *Table) countBelow(origin string, change int) {
	above := t.above.Load()
	for name := origin; len(name) > 1; {
		upper := name[1+name[0]:]
		names, count := above.Get([]byte(upper)), change
		if n := names.Get([]byte(name)); n != nil {
			count += *n
		}
		if count > 0 {
			names = names.Put(name, &count)
		} else {
			names = names.Without(name)
		}
		if names != nil {
			above = above.Put(upper, names)
		} else {
			above = above.Without(upper)
		}
		name = upper
	}
	t.above.Store(above)
}

// WithZonesBelow corrects where the search for a name in one zone ended by the
// other zones below it. The name is without the origin; its labels begin where
// labels says.
func (t *Table) WithZonesBelow(c *Contents, m Match, name []byte, labels []uint8, rrtype uint16) Match {
	var buf [256]byte
	full := append(append(buf[:0], name...), c.Wire...)
	above := t.above.Load()
	if above.Get(full[len(name):]) == nil {
		return m
	}
	zones := t.zones.Load()
	for i := len(labels) - 1; i >= 0 && (!m.Cut || i >= m.At); i-- {
		at := full[labels[i]:]
		if h := zones.Get(at); h != nil {
			if below := h.current.Load(); below != nil {
				return c.delegate(m, below, i, rrtype)
			}
		}
		if above.Get(at) == nil {
			break
		}
		if i < m.At { // exists as an empty non-terminal
			m = Match{At: i}
			if i == 0 {
				m.Node = &Node{}
			}
		}
	}
	return m
}

// delegate returns where a search ends that reached a zone below, whose origin
// begins at a label. The zone above answers only for the DS of that origin: by
// its own DS records if it has some, else by those of the zone below.
func (c *Contents) delegate(m Match, below *Contents, at int, rrtype uint16) Match {
	if at > 0 || rrtype != dns.TypeDS {
		m.Elsewhere = true
		return m
	}
	if m.Node != nil && !m.Wildcard && m.Node.Get(dns.TypeDS) != nil {
		return m
	}
	n := &Node{Owner: below.Wire[:len(below.Wire)-len(c.Wire)], sets: []*RRset{delegated}}
	if below.ds != nil {
		n.sets = append(n.sets, below.ds)
	}
	return Match{Node: n}
}

// delegated says in a denial of DS that there are NS records. They are in no
// answer.
var delegated = &RRset{rrtype: dns.TypeNS}
