package dns

import (
	"iter"

	"github.com/miekg/dns"
)

// Delegates tells whether others of our zones are below this one.
func (v View) Delegates() bool { return v.table.above.Load().get([]byte(v.c.wire)) != nil }

// Copy returns what a server needs to answer as we do though it has no other
// zone of ours: the records, and the NS, glue and DS records of each zone that
// is below now, which need not be the moment of the View. What the zone itself
// has at and below such an origin is left out; but if it has NS records there,
// its delegation stays, with DS records if it has none beside them.
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
func (v View) below() map[string]*contents {
	found := map[string]*contents{}
	v.gather(v.c.wire, found)
	return found
}

// gather finds those below a name: neither another zone nor a delegation of this
// one is in between.
func (v View) gather(upper string, found map[string]*contents) {
	v.table.above.Load().get([]byte(upper)).each(func(origin string, _ *int) bool {
		name := origin[:len(origin)-len(v.c.wire)]
		h := v.table.zones.Load().get([]byte(origin))
		if h == nil {
			if n := v.c.names.get([]byte(name)); n == nil || !n.cut {
				v.gather(origin, found)
			}
			return true
		}
		if c := h.current.Load(); c != nil && c.apex.get(dns.TypeNS) != nil {
			found[name] = c
		}
		return true
	})
}

// isReplaced tells whether a name is at or below one of some zones that this one
// does not delegate by itself.
func (v View) isReplaced(name string, below map[string]*contents) bool {
	for ; name != ""; name = name[1+name[0]:] {
		if below[name] != nil {
			n := v.c.names.get([]byte(name))
			return n == nil || !n.cut
		}
	}
	return false
}

// delegation returns the records of a zone below that this one does not have by
// itself.
func (v View) delegation(name string, below *contents) (rrs []dns.RR) {
	own := v.c.names.get([]byte(name))
	if own == nil {
		own = &node{}
	}
	ds := own.get(dns.TypeDS)
	switch {
	case ds == nil && below.ds != nil:
		rrs = below.ds.records(below.wire, below.wire)
	case ds != nil && !own.cut:
		rrs = ds.records(own.owner+v.c.wire, v.c.wire)
	}
	if own.cut {
		return rrs
	}
	for _, ns := range below.apex.get(dns.TypeNS).records(below.wire, below.wire) {
		rrs = append(append(rrs, ns), v.table.glue(ns.(*dns.NS).Ns, below.wire)...)
	}
	return rrs
}

// glue returns the addresses of a host that is at or below an origin.
func (t *table) glue(host, origin string) (rrs []dns.RR) {
	wire, err := wireName(host)
	if err != nil {
		return nil
	}
	name := []byte(wire)
	if _, inside := relative(name, origin); !inside {
		return nil
	}
	var places [128]uint8
	c, _ := t.find(name, split(name[:len(name)-1], places[:0]), 0)
	if c == nil {
		return nil // the zone has gone meanwhile
	}
	n := c.node(wire[:len(wire)-len(c.wire)])
	if n == nil {
		return nil
	}
	for _, rrtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		if set := n.get(rrtype); set != nil {
			rrs = append(rrs, set.records(n.owner+c.wire, c.wire)...)
		}
	}
	return rrs
}
