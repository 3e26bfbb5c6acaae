package zonedata

import (
	"iter"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// View is a zone as it was at one moment; it does not change.
type View struct {
	c     *Contents
	table *Table
}

// Zone returns what a zone is now; false if it is not there.
func (t *Table) Zone(origin string) (View, bool) {
	c := t.get(origin)
	return View{c, t}, c != nil
}

// Zones returns the origins of all zones, in no order.
func (t *Table) Zones() iter.Seq[string] {
	return func(yield func(string) bool) {
		t.zones.Load().Each(func(_ string, h *hosted) bool {
			c := h.current.Load()
			return c == nil || yield(c.origin)
		})
	}
}

// Origin returns the zone's name: lower case, with the final dot.
func (v View) Origin() string { return v.c.origin }

// Serial returns the SOA's serial.
func (v View) Serial() uint32 { return v.c.serial }

// SOA returns the SOA record.
func (v View) SOA() *dns.SOA {
	return v.c.apex.Get(dns.TypeSOA).Records(v.c.Wire, v.c.Wire)[0].(*dns.SOA)
}

// Signer returns what signs the zone; nil if nothing does.
func (v View) Signer() zone.Signer { return v.c.Signer() }

// Len returns the number of records.
func (v View) Len() int { return v.c.records }

// Records returns all records, the SOA first, else RRset by RRset in no order.
func (v View) Records() iter.Seq[dns.RR] {
	return v.without(func(string) bool { return false })
}

// without is Records but for names that are left out, which it asks for without
// the origin, in lower case. The apex is not.
func (v View) without(leftOut func(name string) bool) iter.Seq[dns.RR] {
	return func(yield func(dns.RR) bool) {
		if !yield(v.SOA()) {
			return
		}
		records := func(n *Node) bool {
			for _, set := range n.sets {
				if set.rrtype == dns.TypeSOA {
					continue
				}
				for _, rr := range set.Records(n.Owner+v.c.Wire, v.c.Wire) {
					if !yield(rr) {
						return false
					}
				}
			}
			return true
		}
		if records(v.c.apex) {
			v.c.names.Each(func(name string, n *Node) bool { return leftOut(name) || records(n) })
		}
	}
}

// Lookup returns the records of a name and type as the zone has them, without
// following anything. dns.TypeANY returns all of the name's.
func (v View) Lookup(name string, rrtype uint16) []dns.RR {
	wire, err := dnsname.Wire(name)
	if err != nil {
		return nil
	}
	key, ok := dnsname.Relative([]byte(wire), v.c.Wire)
	if !ok {
		return nil
	}
	n := v.c.Node(key)
	if n == nil {
		return nil
	}
	var found []dns.RR
	for _, set := range n.sets {
		if set.rrtype == rrtype || rrtype == dns.TypeANY {
			found = append(found, set.Records(n.Owner+v.c.Wire, v.c.Wire)...)
		}
	}
	return found
}
