package dnssec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/dns"
)

// SignZone signs a whole zone, in canonical order of names. Each name of the zone and
// each delegation gets an NSEC record. Glue and other records below delegations are
// not signed (RFC 4035, section 2). Signatures are valid for at least 13 days.
func (s *Signer) SignZone(ctx context.Context, records, earlier []dns.RR, add func([]dns.RR)) error {
	if len(records) == 0 || s.keys.signing() == nil {
		return errors.New("nothing to sign, or no key to sign with")
	}
	soa, ok := records[0].(*dns.SOA)
	if !ok {
		return errors.New("a zone that does not begin with its SOA record")
	}
	owners, err := ownersOf(records)
	if err != nil {
		return err
	}
	s.occlude(owners)
	e := edition{
		Signer: s, earlier: s.signaturesOf(earlier, owners[0]),
		ttl: min(soa.Hdr.Ttl, soa.Minttl), // that of negative answers (RFC 9077)
	}
	for i, o := range owners {
		if err := ctx.Err(); err != nil {
			return err
		}
		rrs, err := e.sign(o, s.next(owners[i:]))
		if err != nil {
			return fmt.Errorf("signing %s: %w", o.name, err)
		}
		add(rrs)
	}
	return nil
}

// owner is a name that has records.
type owner struct {
	name     string   // lower case
	labels   [][]byte // from the right
	sets     [][]dns.RR
	occluded bool // below a delegation
}

// ownersOf groups records by name and type, and sorts the names in canonical order.
func ownersOf(records []dns.RR) ([]*owner, error) {
	byName := make(map[string]*owner, len(records))
	owners := make([]*owner, 0, len(records))
	for _, rr := range records {
		name := dns.CanonicalName(rr.Header().Name)
		o := byName[name]
		if o == nil {
			labels, err := labelsOf(name)
			if err != nil {
				return nil, err
			}
			o = &owner{name: name, labels: labels}
			byName[name] = o
			owners = append(owners, o)
		}
		o.add(rr)
	}
	slices.SortFunc(owners, func(a, b *owner) int { return slices.CompareFunc(a.labels, b.labels, bytes.Compare) })
	return owners, nil
}

func (o *owner) add(rr dns.RR) {
	for i, set := range o.sets {
		if set[0].Header().Rrtype == rr.Header().Rrtype {
			o.sets[i] = append(set, rr)
			return
		}
	}
	o.sets = append(o.sets, []dns.RR{rr})
}

func (o *owner) types() []uint16 {
	types := make([]uint16, len(o.sets))
	for i, set := range o.sets {
		types[i] = set[0].Header().Rrtype
	}
	return types
}

func (o *owner) isBelow(other *owner) bool {
	n := len(other.labels)
	return len(o.labels) > n && slices.EqualFunc(o.labels[:n], other.labels, bytes.Equal)
}

// occlude marks the names below delegations. In canonical order they follow the
// delegation.
func (s *Signer) occlude(owners []*owner) {
	var cut *owner
	for _, o := range owners {
		if o.occluded = cut != nil && o.isBelow(cut); !o.occluded && s.delegates(o) {
			cut = o
		}
	}
}

func (s *Signer) delegates(o *owner) bool {
	return o.name != s.origin && slices.Contains(o.types(), dns.TypeNS)
}

// next returns the next name of the NSEC record of owners[0]. That of the last name
// is the apex.
func (s *Signer) next(owners []*owner) string {
	for _, o := range owners[1:] {
		if !o.occluded {
			return o.name
		}
	}
	return s.origin
}

// edition is a version of a zone that is being signed.
type edition struct {
	*Signer
	earlier signatures
	ttl     uint32 // of NSEC records
}

// sign returns the records of a name, with their signatures and its NSEC record
// if it has one.
func (e *edition) sign(o *owner, next string) (rrs []dns.RR, err error) {
	visible, delegates := e.visible(o.name, o.types()), e.delegates(o)
	for _, set := range o.sets {
		rrtype := set[0].Header().Rrtype
		if o.occluded || delegates && rrtype == dns.TypeNS || !slices.Contains(visible, rrtype) {
			rrs = append(rrs, set...)
			continue
		}
		if rrs, err = e.appendSigned(rrs, o.name, set); err != nil {
			return nil, err
		}
	}
	if o.occluded {
		return rrs, nil
	}
	return e.appendSigned(rrs, o.name, []dns.RR{nsec(o.name, next, visible, e.ttl)})
}

func (e *edition) appendSigned(rrs []dns.RR, name string, set []dns.RR) (_ []dns.RR, err error) {
	signatures := e.reusable(e.earlier, name, set)
	if signatures == nil {
		if signatures, _, err = e.Signer.sign(set); err != nil {
			return nil, err
		}
	}
	return append(append(rrs, set...), signatures...), nil
}

// labelsOf returns a name's labels from the right.
func labelsOf(name string) ([][]byte, error) {
	wire := make([]byte, maxName+1)
	n, err := dns.PackDomainName(name, wire, 0, nil, false)
	if err != nil {
		return nil, fmt.Errorf("the name %s: %w", name, err)
	}
	labels := make([][]byte, 0, dns.CountLabel(name))
	for at := 0; at < n-1; at += 1 + int(wire[at]) {
		labels = append(labels, wire[at+1:at+1+int(wire[at])])
	}
	slices.Reverse(labels)
	return labels, nil
}
