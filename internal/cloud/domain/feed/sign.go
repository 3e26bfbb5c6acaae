package feed

import (
	"fmt"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// KeyTTL is the TTL of DNSKEY, CDS and CDNSKEY records, in seconds.
const KeyTTL = 3600

// signer signs a zone with the keys in text.
type signer struct {
	*dnssec.Signer
	text string
}

// sign adds the domain's signer and the records of its keys to a zone. As long as
// the keys stay the same the signer does too: the name server keeps the signatures
// that a signer has made.
func (f *Feed) sign(z *zone.Zone, d zonedb.Served) error {
	if d.Keys == "" {
		delete(f.signers, z.Origin)
		return nil
	}
	keys, err := zonedb.ParseKeys(d.Keys)
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	by := f.signers[z.Origin]
	if by.text != d.Keys {
		by = signer{dnssec.NewSigner(z.Origin, keys, dnssec.Config{Cache: f.Denials, Now: f.DB.Now}), d.Keys}
		f.setSigner(z.Origin, by)
	}
	z.Records, z.Signer = append(z.Records, keys.Records(z.Origin, KeyTTL)...), by.Signer
	if ds := keys.DS(z.Origin, KeyTTL); ds != nil {
		z.DS = []dns.RR{ds}
	}
	return nil
}

func (f *Feed) setSigner(origin string, by signer) {
	if f.signers == nil {
		f.signers = map[string]signer{}
	}
	f.signers[origin] = by
}
