package answer

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// addresses adds the addresses of the hosts that an RRset at a place in the
// message names, as far as the zone has them. Those below a delegation are its
// glue, which has to be there (RFC 9471); others may be left out.
func (s *search) addresses(set *zonedata.RRset, at int, delegation []byte) {
	skip, ok := hostAt(set.Type())
	if !ok {
		return
	}
	var buf [256]byte
	for offset, data := range set.Data() {
		if name := s.Inside(data[skip:], buf[:0]); name != nil {
			s.host(name, at+offset+skip, delegation)
		}
	}
}

// hostAt returns where the data of a type has the name of a host whose addresses
// an answer adds (RFC 1035, section 3.3; RFC 2782).
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

// hosts are the hosts whose addresses were added. A few are searched one by one;
// for many that would take quadratic time.
type hosts struct {
	few  []*zonedata.Node
	many map[*zonedata.Node]struct{} // all, once few is full
}

const fewHosts = 128

func (h *hosts) reset() {
	h.few = h.few[:0]
	if len(h.many) > 0 {
		clear(h.many)
	}
}

// add adds a host. False if it was added before.
func (h *hosts) add(n *zonedata.Node) bool {
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
		h.many = map[*zonedata.Node]struct{}{}
	}
	for _, n := range h.few {
		h.many[n] = struct{}{}
	}
}

// host adds the addresses of one host, whose name is in the message at a place.
func (s *search) host(name []byte, at int, delegation []byte) {
	n, r := s.Node(name), s.reply
	if n == nil || !r.hosts.add(n) {
		return
	}
	for _, rrtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		set := n.Get(rrtype)
		switch {
		case set == nil:
		case r.add(set, at, name) != 0:
			r.additionals += set.Count()
			if s.signing && delegation == nil {
				s.signHost(n, name, set, at)
			}
		case delegation != nil && dnsname.IsBelow(name, delegation):
			r.truncated = true
		}
	}
}
