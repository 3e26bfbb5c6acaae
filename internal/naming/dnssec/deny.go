package dnssec

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Deny returns the NSEC records that prove a denial. Each covers as few names as
// possible (RFC 4470).
func (s *Signer) Deny(d zone.Denial) []dns.RR {
	ttl := d.SOA.Hdr.Ttl
	switch d.Kind {
	case zone.NoType, zone.Unsigned:
		return []dns.RR{s.at(d.Name, d.Types, ttl)}
	case zone.Expanded:
		return []dns.RR{s.cover(nextCloser(d), d)}
	case zone.NoWildcardType:
		return []dns.RR{s.cover(nextCloser(d), d), s.at(wildcard(d.Closest), d.Types, ttl)}
	case zone.NoName:
		closer, wild := nextCloser(d), wildcard(d.Closest)
		proofs := []dns.RR{s.cover(closer, d)}
		if closer != wild {
			proofs = append(proofs, s.cover(wild, d))
		}
		return proofs
	}
	return nil
}

// at returns the NSEC record of a name that exists. Its next name is the first one
// below.
func (s *Signer) at(name string, types []uint16, ttl uint32) dns.RR {
	next, ok := below(name)
	if !ok { // no name fits below
		next = after(name, s.origin)
	}
	return nsec(name, next, s.visible(name, types), ttl)
}

// visible returns the types of a name that belong to the zone: at a delegation,
// address records are glue and do not.
func (s *Signer) visible(name string, types []uint16) []uint16 {
	if name == s.origin || !slices.Contains(types, dns.TypeNS) {
		return types
	}
	return slices.DeleteFunc(slices.Clone(types), func(t uint16) bool { return t != dns.TypeNS && t != dns.TypeDS })
}

// cover returns the NSEC record that covers a name and all names below it. The
// record's owner may exist if no other name fits between the two.
func (s *Signer) cover(name string, d zone.Denial) dns.RR {
	first := before(name)
	return nsec(first, after(name, s.origin), s.visible(first, d.TypesAt(first)), d.SOA.Hdr.Ttl)
}

func nsec(owner, next string, types []uint16, ttl uint32) *dns.NSEC {
	types = append(slices.Clone(types), dns.TypeRRSIG, dns.TypeNSEC)
	slices.Sort(types)
	return &dns.NSEC{Hdr: header(owner, dns.TypeNSEC, ttl), NextDomain: next, TypeBitMap: slices.Compact(types)}
}

// nextCloser returns the name one label longer than the closest encloser. The proof
// covers it instead of the queried name, because resolvers derive the closest encloser
// from the proof.
func nextCloser(d zone.Denial) string {
	labels := dns.Split(d.Name)
	return d.Name[labels[len(labels)-dns.CountLabel(d.Closest)-1]:]
}

func wildcard(closest string) string { return "*." + closest }
