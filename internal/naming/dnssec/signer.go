package dnssec

import (
	"errors"
	"hash/fnv"
	"time"

	"github.com/miekg/dns"
)

// The validity of signatures.
const (
	backdated = time.Hour           // for resolvers whose clocks are slow
	validity  = 14 * 24 * time.Hour // the least validity
	jitter    = 24 * time.Hour      // the most that is added, so that signatures do not all expire at once
	copied    = 13 * 24 * time.Hour // the least remaining validity of a signature that a secondary copies
	remaining = 7 * 24 * time.Hour  // the remaining validity at which a signature is replaced; more than resolvers cache
)

// Config configures a Signer.
type Config struct {
	Cache *Cache           // of signatures of denials; nil for no cache
	Now   func() time.Time // default: time.Now
}

// Signer is the zone.Signer of one zone.
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

// signers returns the keys that sign a type. All keys sign the RRsets that the parent
// zone validates by its DS record (RFC 7344, section 4.1).
func (s *Signer) signers(rrtype uint16) []*Key {
	switch rrtype {
	case dns.TypeDNSKEY, dns.TypeCDS, dns.TypeCDNSKEY:
		return s.keys.all()
	}
	return []*Key{s.keys.signing()}
}

// spread returns the jitter of an RRset's signature, which is the same on all servers.
func spread(h *dns.RR_Header) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(h.Name))
	_, _ = hash.Write([]byte{byte(h.Rrtype >> 8), byte(h.Rrtype)})
	return time.Duration(hash.Sum64() % uint64(jitter))
}
