package dns

import (
	"errors"
	"fmt"

	"github.com/miekg/dns"
)

// A zone whose origin is in another of our zones is delegated by that, whether
// it has NS records for it or not. What that zone answers follows from the table
// of zones at the time of the question: it keeps nothing of those below.

// beneath are those names one label below another that are origins or above
// some, with how many origins are at and below each.
type beneath = trie[int]

// tell tells the names above an origin that a zone has come or gone there. The
// caller holds mu.
func (t *table) tell(origin string, change int) {
	above := t.above.Load()
	for name := origin; len(name) > 1; {
		upper := name[1+name[0]:]
		names, count := above.get([]byte(upper)), change
		if n := names.get([]byte(name)); n != nil {
			count += *n
		}
		if count > 0 {
			names = names.put(name, &count)
		} else {
			names = names.without(name)
		}
		if names != nil {
			above = above.put(upper, names)
		} else {
			above = above.without(upper)
		}
		name = upper
	}
	t.above.Store(above)
}

// heed heeds the zones below in where a search of this one ended.
func (s *search) heed(m match, name []byte, labels []uint8, rrtype uint16) match {
	var buf [256]byte
	full := append(append(buf[:0], name...), s.wire...)
	above := s.table.above.Load()
	if above.get(full[len(name):]) == nil {
		return m
	}
	zones := s.table.zones.Load()
	for i := len(labels) - 1; i >= 0 && (!m.cut || i >= m.at); i-- {
		at := full[labels[i]:]
		if h := zones.get(at); h != nil {
			if below := h.current.Load(); below != nil {
				return s.delegation(m, below, i, rrtype)
			}
		}
		if above.get(at) == nil {
			break
		}
		if i < m.at { // exists as an empty non-terminal
			m = match{at: i}
			if i == 0 {
				m.node = &node{}
			}
		}
	}
	return m
}

// delegation is where a search ended that met a zone below, at a label. Only
// its DS is asked for here, and denied as a delegation's. It is the parent's own
// if that has one.
func (s *search) delegation(m match, below *contents, at int, rrtype uint16) match {
	if at > 0 || rrtype != dns.TypeDS {
		m.elsewhere = true
		return m
	}
	if m.node != nil && !m.wildcard && m.node.get(dns.TypeDS) != nil {
		return m
	}
	n := &node{owner: below.wire[:len(below.wire)-len(s.wire)], sets: []*rrset{delegated}}
	if below.ds != nil {
		n.sets = append(n.sets, below.ds)
	}
	return match{node: n}
}

// delegated says that there are NS records, which nobody is given.
var delegated = &rrset{rrtype: dns.TypeNS}

// packDS packs what a zone's parent is to have of it; nil if that is nothing.
func (c *contents) packDS(rrs []dns.RR) (*rrset, error) {
	if len(rrs) == 0 {
		return nil, nil
	}
	p := newPacker(c.wire)
	defer p.free()
	l := list{rrtype: dns.TypeDS}
	for _, rr := range rrs {
		packed, err := p.pack(rr)
		switch {
		case err != nil:
			return nil, err
		case packed.rrtype != dns.TypeDS:
			return nil, fmt.Errorf("%s is no DS", dns.Type(packed.rrtype))
		case len(packed.owner) > 0:
			return nil, errors.New("DS is not of the zone's origin")
		case l.index(packed) >= 0:
			continue
		}
		if err := l.add(packed.record); err != nil {
			return nil, err
		}
	}
	return l.rrset(), nil
}
