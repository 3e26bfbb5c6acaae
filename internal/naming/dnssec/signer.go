package dnssec

import (
	"errors"
	"hash/fnv"
	"time"

	"github.com/miekg/dns"
)

// How long signatures hold.
const (
	backdated = time.Hour           // for clocks that are behind
	validity  = 14 * 24 * time.Hour // at least
	jitter    = 24 * time.Hour      // at most more, so that they are not all made again at once
	copied    = 13 * 24 * time.Hour // that a signature holds at least when a copy of the zone gets it
	remaining = 7 * 24 * time.Hour  // of a signature when it is made anew; more than records are kept for
)

// Config says how a Signer works.
type Config struct {
	Cache *Cache           // of denials' signatures; nil: each is signed when it is needed
	Now   func() time.Time // default: time.Now
}

// Signer signs one zone's answers; it is the zone's zone.Signer.
type Signer struct {
	origin string
	keys   Keys
	cache  *Cache
	now    func() time.Time
}

// NewSigner returns the signer of a zone, whose origin is in lower case and
// ends with a dot.
func NewSigner(origin string, keys Keys, config Config) *Signer {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Signer{origin, keys, config.Cache, config.Now}
}

// Sign returns the signatures of an RRset.
func (s *Signer) Sign(rrset []dns.RR) ([]dns.RR, time.Time, error) {
	if len(rrset) == 0 || s.keys.signing() == nil {
		return nil, time.Time{}, errors.New("nothing to sign, or no key to sign with")
	}
	nsec, ok := rrset[0].(*dns.NSEC)
	if !ok || s.cache == nil {
		return s.sign(rrset)
	}
	key := cacheKey{s, nsec.String()}
	if signatures, fresh, ok := s.cache.get(key, s.now()); ok {
		return signatures, fresh, nil
	}
	signatures, fresh, err := s.sign(rrset)
	if err == nil {
		s.cache.put(key, signatures, fresh)
	}
	return signatures, fresh, err
}

func (s *Signer) sign(rrset []dns.RR) (signatures []dns.RR, fresh time.Time, err error) {
	h := rrset[0].Header()
	now := s.now()
	expires := now.Add(validity + spread(h))
	for _, key := range s.signers(h.Rrtype) {
		signature := &dns.RRSIG{
			Hdr:        dns.RR_Header{Ttl: h.Ttl},
			Algorithm:  dns.ECDSAP256SHA256,
			KeyTag:     key.tag,
			SignerName: s.origin,
			Inception:  uint32(now.Add(-backdated).Unix()), // modulo 2³², RFC 4034, section 3.1.5
			Expiration: uint32(expires.Unix()),
		}
		if err := signature.Sign(key.private, rrset); err != nil {
			return nil, time.Time{}, err
		}
		signatures = append(signatures, signature)
	}
	return signatures, expires.Add(-remaining), nil
}

// signers returns the keys that sign a type. What a parent trusts by its DS
// alone, and what it takes a new DS from, is signed by all (RFC 7344, section
// 4.1).
func (s *Signer) signers(rrtype uint16) []*Key {
	switch rrtype {
	case dns.TypeDNSKEY, dns.TypeCDS, dns.TypeCDNSKEY:
		return s.keys.all()
	}
	return []*Key{s.keys.signing()}
}

// spread is how much longer an RRset's signature holds: the same on all servers.
func spread(h *dns.RR_Header) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(h.Name))
	_, _ = hash.Write([]byte{byte(h.Rrtype >> 8), byte(h.Rrtype)})
	return time.Duration(hash.Sum64() % uint64(jitter))
}
