package answer

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// sign adds the signatures of an RRset whose owner in the zone is given without
// the origin. It returns how many there are. The message says SERVFAIL if there
// can be none: an answer without them would be bogus.
func (s *search) sign(owner string, set *zonedata.RRset, at int) int {
	signed := s.Signatures(owner, set)
	if signed == nil {
		s.reply.fail()
		return 0
	}
	if s.reply.add(signed, at, nil) == 0 {
		s.reply.truncated = true
		return 0
	}
	return signed.Count()
}

// signHost adds the signatures of a host's addresses if there is room, and if
// they are the zone's.
func (s *search) signHost(n *zonedata.Node, name []byte, set *zonedata.RRset, at int) {
	var places [128]uint8
	labels := dnsname.Labels(name, places[:0])
	if m := s.table.WithZonesBelow(s.Contents, s.Find(name, labels, set.Type()), name, labels, set.Type()); m.Cut || m.Elsewhere {
		return
	}
	if signed := s.Signatures(n.Owner, set); signed != nil && s.reply.add(signed, at, name) != 0 {
		s.reply.additionals += signed.Count()
	}
}

// denial describes what has to be proved where a search ended.
func (s *search) denial(m zonedata.Match, kind zone.DenialKind) zone.Denial {
	d := zone.Denial{
		Kind:    kind,
		Name:    dnsname.Text(string(s.name) + s.Wire),
		Closest: dnsname.Text(s.closest(m) + s.Wire),
		SOA:     s.Negative.Records(s.Wire, s.Wire)[0].(*dns.SOA),
		TypesAt: s.typesAt,
	}
	switch kind {
	case zone.Unsigned:
		d.Name, d.Types = d.Closest, m.Node.Types()
	case zone.NoType, zone.NoWildcardType:
		d.Types = m.Node.Types()
	}
	return d
}

// typesAt returns the types at a name of the zone. At a delegation, also to a
// zone below that is ours, they are what DS is asked for beside.
func (s *search) typesAt(name string) []uint16 {
	wire, err := dnsname.Wire(name)
	if err != nil {
		return nil
	}
	owner := []byte(wire[:len(wire)-len(s.Wire)])
	var places [128]uint8
	labels := dnsname.Labels(owner, places[:0])
	m := s.table.WithZonesBelow(s.Contents, s.Find(owner, labels, dns.TypeDS), owner, labels, dns.TypeDS)
	if m.Node == nil || m.Wildcard || m.Cut || m.Elsewhere {
		return nil
	}
	return m.Node.Types()
}

// denied returns the kind of denial for a search that found no data.
func denied(m zonedata.Match) zone.DenialKind {
	switch {
	case m.Node == nil:
		return zone.NoName
	case m.Wildcard:
		return zone.NoWildcardType
	}
	return zone.NoType
}

// proveExpanded adds the proofs that the names of wildcards' answers do not
// exist themselves.
func (s *search) proveExpanded() {
	for _, d := range s.expanded {
		s.prove(d)
	}
}

// prove adds the proof of a denial to the authority section. Most proofs have to be
// signed. A client that invents names must not take all processors for that: no
// proof is signed for an answer over the rate limit, and those for connections
// wait for one of a few turns.
func (s *search) prove(denial zone.Denial) {
	if s.tooMany != nil && s.tooMany() {
		return
	}
	if s.turns != nil {
		s.turns <- struct{}{}
		defer func() { <-s.turns }()
	}
	rrs := s.Signer().Deny(denial)
	for len(rrs) > 0 {
		next := slices.IndexFunc(rrs, func(rr dns.RR) bool { return !sameSet(rr, rrs[0]) })
		if next < 0 {
			next = len(rrs)
		}
		s.proveSet(rrs[:next])
		rrs = rrs[next:]
	}
}

func (s *search) closest(m zonedata.Match) string {
	if m.At >= len(s.labels) {
		return ""
	}
	return string(s.name[s.labels[m.At]:])
}

func sameSet(a, b dns.RR) bool {
	return a.Header().Rrtype == b.Header().Rrtype && a.Header().Name == b.Header().Name
}

// proveSet adds an RRset that is made for this answer, and its signatures.
func (s *search) proveSet(rrs []dns.RR) {
	signatures, _, err := s.Signer().Sign(rrs)
	if err != nil || len(signatures) == 0 {
		s.reply.fail()
		return
	}
	for _, rrs := range [][]dns.RR{rrs, signatures} {
		set, err := s.Pack(rrs)
		if err != nil {
			s.reply.fail()
			return
		}
		owner, _ := dnsname.Wire(rrs[0].Header().Name)
		if s.reply.spell(set, []byte(owner[:len(owner)-len(s.Wire)])) == 0 {
			s.reply.truncated = true
			return
		}
		s.reply.authorities += set.Count()
	}
}
