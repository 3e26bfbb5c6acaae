package dnssec

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/zone"
)

// Deny returns the NSEC records that prove a denial, each of which covers as
// little as it can (RFC 4470). There is none for a few names of unusual bytes
// that nothing orders before or after, such as a label that is one zero byte.
func (s *Signer) Deny(d zone.Denial) []dns.RR {
	ttl := d.SOA.Hdr.Ttl
	switch d.Kind {
	case zone.NoType, zone.Unsigned:
		return s.at(d.Name, s.visible(d.Name, d.Types), ttl)
	case zone.Expanded:
		return cover(nextCloser(d), ttl)
	case zone.NoWildcardType:
		name := cover(nextCloser(d), ttl)
		return append(name, s.at(wildcard(d.Closest), s.visible(wildcard(d.Closest), d.Types), ttl)...)
	case zone.NoName:
		closer, wild := nextCloser(d), wildcard(d.Closest)
		proofs := cover(closer, ttl)
		if closer != wild {
			proofs = append(proofs, cover(wild, ttl)...)
		}
		return proofs
	}
	return nil
}

// at returns the NSEC record of a name that exists: it goes to the least name
// below.
func (s *Signer) at(name string, types []uint16, ttl uint32) []dns.RR {
	below, ok := below(name)
	if !ok { // no name fits below
		if below, ok = after(name); !ok {
			return nil
		}
	}
	return []dns.RR{nsec(name, below, types, ttl)}
}

// visible leaves out what is not the zone's at a delegation: glue.
func (s *Signer) visible(name string, types []uint16) []uint16 {
	if name == s.origin || !slices.Contains(types, dns.TypeNS) {
		return types
	}
	return slices.DeleteFunc(slices.Clone(types), func(t uint16) bool { return t != dns.TypeNS && t != dns.TypeDS })
}

// cover returns the NSEC record that covers a name with all below it.
func cover(name string, ttl uint32) []dns.RR {
	first, ok := before(name)
	if !ok {
		return nil
	}
	last, ok := after(name)
	if !ok {
		return nil
	}
	return []dns.RR{nsec(first, last, nil, ttl)}
}

func nsec(owner, next string, types []uint16, ttl uint32) *dns.NSEC {
	types = append(slices.Clone(types), dns.TypeRRSIG, dns.TypeNSEC)
	slices.Sort(types)
	return &dns.NSEC{Hdr: header(owner, dns.TypeNSEC, ttl), NextDomain: next, TypeBitMap: slices.Compact(types)}
}

// nextCloser is the name that would have to exist for a closer encloser: it is
// covered rather than the name itself, as resolvers tell the closest encloser
// from the names of the proof.
func nextCloser(d zone.Denial) string {
	labels := dns.Split(d.Name)
	return d.Name[labels[len(labels)-dns.CountLabel(d.Closest)-1]:]
}

func wildcard(closest string) string { return "*." + closest }
