package zonedata

import (
	"errors"
	"fmt"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// signature is the RRSIG records of an RRset, packed as one.
type signature struct {
	set   *RRset
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

// IsSigned reports whether the zone has a signer.
func (c *Contents) IsSigned() bool { return c.signer != nil }

// Signer returns the zone's signer; nil if it has none.
func (c *Contents) Signer() zone.Signer {
	if c.signer == nil {
		return nil
	}
	return c.signer.Signer
}

// Signatures returns the RRSIG records of an RRset of a signed zone; nil if it
// cannot be signed. The owner is given without the origin. Signatures are kept
// as long as the signer calls them fresh.
func (c *Contents) Signatures(owner string, set *RRset) *RRset {
	if kept := set.signed.Load(); kept != nil && kept.by == c.signer && time.Now().Before(kept.fresh) {
		return kept.set
	}
	rrs, fresh, err := c.signer.Sign(set.Records(owner+c.Wire, c.Wire))
	if err != nil || len(rrs) == 0 {
		return nil
	}
	signed, err := c.Pack(rrs)
	if err != nil {
		return nil
	}
	set.signed.Store(&signature{signed, fresh, c.signer})
	return signed
}

// Pack packs records of one name and type. Of records with the same data it
// packs the first.
func (c *Contents) Pack(rrs []dns.RR) (*RRset, error) {
	p := newPacker(c.Wire)
	defer p.free()
	var l list
	for _, rr := range rrs {
		packed, err := p.pack(rr)
		if err != nil {
			return nil, err
		}
		l.rrtype = packed.rrtype
		if l.index(packed) >= 0 {
			continue
		}
		if err := l.add(packed.record); err != nil {
			return nil, err
		}
	}
	return l.rrset(), nil
}

// packDS packs the DS records that the zone above answers for this zone; nil if
// there are none.
func (c *Contents) packDS(rrs []dns.RR) (*RRset, error) {
	if len(rrs) == 0 {
		return nil, nil
	}
	set, err := c.Pack(rrs)
	if err != nil {
		return nil, err
	}
	for _, rr := range rrs {
		head := rr.Header()
		if head.Rrtype != dns.TypeDS {
			return nil, fmt.Errorf("%s is no DS", dns.Type(head.Rrtype))
		}
		if owner, err := dnsname.Wire(head.Name); err != nil || owner != c.Wire {
			return nil, errors.New("DS is not of the zone's origin")
		}
	}
	return set, nil
}
