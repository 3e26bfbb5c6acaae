package zonedata

import (
	"iter"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
)

// Delegates reports whether other zones of the table are below this one.
func (v View) Delegates() bool { return v.table.above.Load().Get([]byte(v.c.Wire)) != nil }

// Copy returns the records that a server without the other zones of the table
// needs to give the same answers. They are the records of the zone, and the NS,
// glue and DS records of each zone below. The zones below are those at the time of
// the call, not of the View. The zone's own records at and below the origin of a
// zone below are left out. But if the zone has NS records there, its delegation
// stays, with the DS records of the zone below if it has none.
func (v View) Copy() iter.Seq[dns.RR] {
	if !v.Delegates() {
		return v.Records()
	}
	return func(yield func(dns.RR) bool) {
		below := v.below()
		for rr := range v.without(func(name string) bool { return v.isReplaced(name, below) }) {
			if !yield(rr) {
				return
			}
		}
		for name, c := range below {
			for _, rr := range v.delegation(name, c) {
				if !yield(rr) {
					return
				}
			}
		}
	}
}

// below returns those of our zones that are delegated from this one, by their
// origins without this one's.
func (v View) below() map[string]*Contents {
	found := map[string]*Contents{}
	v.gather(v.c.Wire, found)
	return found
}

// gather finds those below a name: neither another zone nor a delegation of this
// one is in between.
func (v View) gather(upper string, found map[string]*Contents) {
	v.table.above.Load().Get([]byte(upper)).Each(func(origin string, _ *int) bool {
		name := origin[:len(origin)-len(v.c.Wire)]
		h := v.table.zones.Load().Get([]byte(origin))
		if h == nil {
			if n := v.c.names.Get([]byte(name)); n == nil || !n.cut {
				v.gather(origin, found)
			}
			return true
		}
		if c := h.current.Load(); c != nil && c.apex.Get(dns.TypeNS) != nil {
			found[name] = c
		}
		return true
	})
}

// isReplaced reports whether a name is at or below one of some zones that this one
// does not delegate by itself.
func (v View) isReplaced(name string, below map[string]*Contents) bool {
	for ; name != ""; name = name[1+name[0]:] {
		if below[name] != nil {
			n := v.c.names.Get([]byte(name))
			return n == nil || !n.cut
		}
	}
	return false
}

// delegation returns the records of a zone below that this one does not have by
// itself.
func (v View) delegation(name string, below *Contents) (rrs []dns.RR) {
	own := v.c.names.Get([]byte(name))
	if own == nil {
		own = &Node{}
	}
	ds := own.Get(dns.TypeDS)
	switch {
	case ds == nil && below.ds != nil:
		rrs = below.ds.Records(below.Wire, below.Wire)
	case ds != nil && !own.cut:
		rrs = ds.Records(own.Owner+v.c.Wire, v.c.Wire)
	}
	if own.cut {
		return rrs
	}
	for _, ns := range below.apex.Get(dns.TypeNS).Records(below.Wire, below.Wire) {
		rrs = append(append(rrs, ns), v.table.glue(ns.(*dns.NS).Ns, below.Wire)...)
	}
	return rrs
}

// glue returns the addresses of a host that is at or below an origin.
func (t *Table) glue(host, origin string) (rrs []dns.RR) {
	wire, err := dnsname.Wire(host)
	if err != nil {
		return nil
	}
	name := []byte(wire)
	if _, inside := dnsname.Relative(name, origin); !inside {
		return nil
	}
	var places [128]uint8
	c, _ := t.Find(name, dnsname.Labels(name[:len(name)-1], places[:0]), 0)
	if c == nil {
		return nil // the zone has gone meanwhile
	}
	n := c.Node(name[:len(name)-len(c.Wire)])
	if n == nil {
		return nil
	}
	for _, rrtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		if set := n.Get(rrtype); set != nil {
			rrs = append(rrs, set.Records(n.Owner+c.Wire, c.Wire)...)
		}
	}
	return rrs
}
