package domain

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// signer is what a zone is signed by, and the text of the keys that it has.
type signer struct {
	*dnssec.Signer
	text string
}

// sign adds to a zone what its domain's keys make. The same keys are the same
// signer, so that the name server keeps what that has signed.
func (s *Service) sign(z *zone.Zone, d Domain) error {
	if d.keys == "" {
		delete(s.feed.signers, z.Origin)
		return nil
	}
	keys, err := parseKeys(d.keys)
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	by := s.feed.signers[z.Origin]
	if by.text != d.keys {
		by = signer{dnssec.NewSigner(z.Origin, keys, dnssec.Config{Cache: s.Denials, Now: s.DB.Now}), d.keys}
		s.feed.signs(z.Origin, by)
	}
	z.Records, z.Signer = append(z.Records, keys.Records(z.Origin, keyTTL)...), by.Signer
	if ds := keys.DS(z.Origin, keyTTL); ds != nil {
		z.DS = []dns.RR{ds}
	}
	return nil
}

func (f *feed) signs(origin string, by signer) {
	if f.signers == nil {
		f.signers = map[string]signer{}
	}
	f.signers[origin] = by
}

// keysText is what signs a domain as one text, from a row named k.
const keysText = `k.stage || ' ' || k.key || coalesce(' ' || k.successor, '')`

// parseKeys is the reverse of keysText; the keys have no times.
func parseKeys(text string) (k dnssec.Keys, err error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return k, fmt.Errorf("%d fields", len(fields))
	}
	k.Stage = dnssec.Stage(fields[0])
	if k.Key, err = parseKey(fields[1]); err == nil && len(fields) > 2 {
		k.Successor, err = parseKey(fields[2])
	}
	return k, err
}
