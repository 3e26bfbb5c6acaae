package dns

import (
	"slices"

	"github.com/miekg/dns"
)

// addresses adds the addresses of the hosts that an RRset at a place in the
// message names, as far as the zone has them. Those below a delegation are its
// glue, which has to be there (RFC 9471); others may be left out.
func (s *search) addresses(set *rrset, at int, delegation []byte) {
	skip, ok := hostAt(set.rrtype)
	if !ok {
		return
	}
	var buf [256]byte
	for wire := set.wire; len(wire) > 0; wire = wire[size(wire):] {
		data := wire[recordHead:size(wire)]
		if name := s.inside(data[skip:], buf[:0]); name != nil {
			s.host(name, at+recordHead+skip, delegation)
		}
		at += size(wire)
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

// hosts are those whose addresses were added. A few are looked through; for many
// that would take time by the square.
type hosts struct {
	few  []*node
	many map[*node]struct{} // all, once few is full
}

const fewHosts = 128

func (h *hosts) reset() {
	h.few = h.few[:0]
	if len(h.many) > 0 {
		clear(h.many)
	}
}

// add adds a host, and tells whether it is new.
func (h *hosts) add(n *node) bool {
	if len(h.few) == fewHosts {
		size := len(h.many)
		h.many[n] = struct{}{}
		return len(h.many) > size
	}
	if slices.Contains(h.few, n) {
		return false
	}
	if h.few = append(h.few, n); len(h.few) == fewHosts {
		h.fill()
	}
	return true
}

func (h *hosts) fill() {
	if h.many == nil {
		h.many = map[*node]struct{}{}
	}
	for _, n := range h.few {
		h.many[n] = struct{}{}
	}
}

// host adds the addresses of one host, whose name is in the message at a place.
func (s *search) host(name []byte, at int, delegation []byte) {
	n, r := s.apex, s.reply
	if len(name) > 0 {
		n = s.names.get(name)
	}
	if n == nil || !r.hosts.add(n) {
		return
	}
	for _, rrtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		set := n.get(rrtype)
		switch {
		case set == nil:
		case r.add(set, at, name) != 0:
			r.additionals += int(set.count)
			if s.signing && delegation == nil {
				s.signHost(n, name, set, at)
			}
		case delegation != nil && isBelow(name, delegation):
			r.truncated = true
		}
	}
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
	origin := c.wire[:len(c.wire)-1] // spelled out, as SRV has to
	if cut := len(buf) - len(origin); cut >= 0 && string(buf[cut:]) == origin && startsLabel(buf, cut) {
		return buf[:cut]
	}
	return nil
}
