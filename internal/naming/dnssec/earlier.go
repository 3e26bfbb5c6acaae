package dnssec

import "github.com/miekg/dns"

// signatures are the RRsets of a version of a zone and their signatures.
type signatures map[setKey]signedSet

type setKey struct {
	name   string // lower case
	rrtype uint16
}

type signedSet struct{ set, signatures []dns.RR }

// signaturesOf returns the signatures of an earlier version. It returns none if the
// DNSKEY RRset was another one then: an earlier key may have the same tag as one of
// now.
func (s *Signer) signaturesOf(earlier []dns.RR, apex *owner) signatures {
	if len(earlier) == 0 {
		return nil
	}
	all := make(signatures, len(earlier)/2)
	for _, rr := range earlier {
		key := setKey{dns.CanonicalName(rr.Header().Name), rr.Header().Rrtype}
		if sig, ok := rr.(*dns.RRSIG); ok {
			key.rrtype = sig.TypeCovered
			signed := all[key]
			signed.signatures = append(signed.signatures, rr)
			all[key] = signed
			continue
		}
		signed := all[key]
		signed.set = append(signed.set, rr)
		all[key] = signed
	}
	var dnskeys []dns.RR
	for _, set := range apex.sets {
		if set[0].Header().Rrtype == dns.TypeDNSKEY {
			dnskeys = set
		}
	}
	if !equal(all[setKey{s.origin, dns.TypeDNSKEY}].set, dnskeys) {
		return nil
	}
	return all
}

// reusable returns the earlier signatures of an RRset. It returns nil if they can't be
// used again: the RRset or the keys that sign it have changed, or the signatures
// expire too soon.
func (s *Signer) reusable(from signatures, name string, set []dns.RR) []dns.RR {
	rrtype := set[0].Header().Rrtype
	signed, signers := from[setKey{name, rrtype}], s.signers(rrtype)
	if len(signed.signatures) != len(signers) || !equal(signed.set, set) {
		return nil
	}
	until := s.now().Add(copied)
	for i, key := range signers {
		if sig := signed.signatures[i].(*dns.RRSIG); sig.KeyTag != key.tag || !sig.ValidityPeriod(until) {
			return nil
		}
	}
	return signed.signatures
}

// equal reports whether two RRsets are the same, in the same order.
func equal(a, b []dns.RR) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Header().Ttl != b[i].Header().Ttl || !dns.IsDuplicate(a[i], b[i]) {
			return false
		}
	}
	return true
}
