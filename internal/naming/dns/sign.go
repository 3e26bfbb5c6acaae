package dns

import (
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// signature is the RRSIG records of an RRset, packed as one.
type signature struct {
	set   *rrset
	fresh time.Time
	by    *signer
}

// signer is a zone's signer. Another one has another address, so that what it
// did not sign can be told.
type signer struct{ zone.Signer }

func newSigner(s zone.Signer) *signer {
	if s == nil {
		return nil
	}
	return &signer{s}
}

// sign adds the signatures of an RRset whose owner in the zone is given without
// the origin. It returns how many there are. The message says SERVFAIL if there
// can be none: an answer without them would be bogus.
func (s *search) sign(owner string, set *rrset, at int) int {
	signed := s.signatures(owner, set)
	if signed == nil {
		s.reply.fail()
		return 0
	}
	if s.reply.add(signed, at, nil) == 0 {
		s.reply.truncated = true
		return 0
	}
	return int(signed.count)
}

// signHost adds the signatures of a host's addresses if there is room, and if
// they are the zone's.
func (s *search) signHost(n *node, name []byte, set *rrset, at int) {
	var places [128]uint8
	labels := split(name, places[:0])
	if m := s.heed(s.find(name, labels, set.rrtype), name, labels, set.rrtype); m.cut || m.elsewhere {
		return
	}
	if signed := s.signatures(n.owner, set); signed != nil && s.reply.add(signed, at, name) != 0 {
		s.reply.additionals += int(signed.count)
	}
}

// signatures returns an RRset's signatures, those it keeps as long as they are
// fresh; nil if it can't be signed.
func (s *search) signatures(owner string, set *rrset) *rrset {
	if kept := set.signed.Load(); kept != nil && kept.by == s.signer && time.Now().Before(kept.fresh) {
		return kept.set
	}
	rrs, fresh, err := s.signer.Sign(set.records(owner+s.wire, s.wire))
	if err != nil || len(rrs) == 0 {
		return nil
	}
	signed, err := s.pack(rrs)
	if err != nil {
		return nil
	}
	set.signed.Store(&signature{signed, fresh, s.signer})
	return signed
}

// pack packs records of one name and type.
func (c *contents) pack(rrs []dns.RR) (*rrset, error) {
	p := newPacker(c.wire)
	defer p.free()
	l := list{rrtype: rrs[0].Header().Rrtype}
	for _, rr := range rrs {
		packed, err := p.pack(rr)
		if err == nil {
			err = l.add(packed.record)
		}
		if err != nil {
			return nil, err
		}
	}
	return l.rrset(), nil
}

// denial tells what is to be proved where a search ended.
func (s *search) denial(m match, kind zone.DenialKind) zone.Denial {
	d := zone.Denial{
		Kind:    kind,
		Name:    presentation(string(s.name) + s.wire),
		Closest: presentation(s.closest(m) + s.wire),
		SOA:     s.negative.records(s.wire, s.wire)[0].(*dns.SOA),
		TypesAt: s.typesAt,
	}
	switch kind {
	case zone.Unsigned:
		d.Name, d.Types = d.Closest, m.node.types()
	case zone.NoType, zone.NoWildcardType:
		d.Types = m.node.types()
	}
	return d
}

// typesAt returns the types at a name of the zone. At a delegation, also to a
// zone below that is ours, they are what DS is asked for beside.
func (s *search) typesAt(name string) []uint16 {
	wire, err := wireName(name)
	if err != nil {
		return nil
	}
	owner := []byte(wire[:len(wire)-len(s.wire)])
	var places [128]uint8
	labels := split(owner, places[:0])
	m := s.heed(s.find(owner, labels, dns.TypeDS), owner, labels, dns.TypeDS)
	if m.node == nil || m.wildcard || m.cut || m.elsewhere {
		return nil
	}
	return m.node.types()
}

// denied tells which denial a search that found nothing ended in.
func denied(m match) zone.DenialKind {
	switch {
	case m.node == nil:
		return zone.NoName
	case m.wildcard:
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

// prove adds the proof of a denial to the authority section. Most have to be
// signed: that is spared for answers over the bound of the rate, and done in
// turns for connections, or whoever invents names would be given all of the
// processors.
func (s *search) prove(denial zone.Denial) {
	if s.tooMany != nil && s.tooMany() {
		return
	}
	if s.turns != nil {
		s.turns <- struct{}{}
		defer func() { <-s.turns }()
	}
	rrs := s.signer.Deny(denial)
	for len(rrs) > 0 {
		next := slices.IndexFunc(rrs, func(rr dns.RR) bool { return !sameSet(rr, rrs[0]) })
		if next < 0 {
			next = len(rrs)
		}
		s.proveSet(rrs[:next])
		rrs = rrs[next:]
	}
}

func (s *search) closest(m match) string {
	if m.at >= len(s.labels) {
		return ""
	}
	return string(s.name[s.labels[m.at]:])
}

func sameSet(a, b dns.RR) bool {
	return a.Header().Rrtype == b.Header().Rrtype && a.Header().Name == b.Header().Name
}

// proveSet adds an RRset that is made for this answer, and its signatures.
func (s *search) proveSet(rrs []dns.RR) {
	signatures, _, err := s.signer.Sign(rrs)
	if err != nil || len(signatures) == 0 {
		s.reply.fail()
		return
	}
	for _, rrs := range [][]dns.RR{rrs, signatures} {
		set, err := s.pack(rrs)
		if err != nil {
			s.reply.fail()
			return
		}
		owner, _ := wireName(rrs[0].Header().Name)
		if s.reply.spell(set, []byte(owner[:len(owner)-len(s.wire)])) == 0 {
			s.reply.truncated = true
			return
		}
		s.reply.authorities += int(set.count)
	}
}

// types returns the types at a name.
func (n *node) types() []uint16 {
	var types []uint16
	for _, set := range n.sets {
		types = append(types, set.rrtype)
	}
	return types
}
