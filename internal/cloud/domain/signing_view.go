package domain

import (
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// SigningView is the API's view of how a domain is signed.
type SigningView struct {
	Signed bool         `json:"signed"`
	Stage  dnssec.Stage `json:"stage"`
	Since  *string      `json:"since"` // of the stage
	Until  *string      `json:"until"` // null if the stage does not end by itself
	DS     []DSView     `json:"ds"`
	Keys   []KeyView    `json:"keys"`
	Advice *string      `json:"advice"`
}

// DSView is a DS record for the parent zone.
type DSView struct {
	KeyTag     uint16 `json:"key_tag"`
	Algorithm  uint8  `json:"algorithm"`
	DigestType uint8  `json:"digest_type"`
	Digest     string `json:"digest"`
	Record     string `json:"record"` // as in a zone file
}

// KeyView is a DNSKEY record, which some registries ask for instead of the DS record.
type KeyView struct {
	KeyTag    uint16 `json:"key_tag"`
	Flags     uint16 `json:"flags"`
	Protocol  uint8  `json:"protocol"`
	Algorithm uint8  `json:"algorithm"`
	PublicKey string `json:"public_key"` // base64
}

// advice tells the owner what to do at each stage.
var advice = map[dnssec.Stage]string{
	dnssec.Introduced: "Nothing to do yet: resolvers may have unsigned answers. The DS record is shown when they have none any more.",
	dnssec.Stable:     "The parent zone has to have this DS record, and no other: without it nobody validates.",
	dnssec.Published:  "Nothing to do yet: resolvers have to learn of the new key. Leave the parent zone's DS record.",
	dnssec.Switched:   "Have the parent zone replace its DS record by this one. When all of its name servers have it, send confirm_ds.",
	dnssec.Seen:       "Nothing to do: resolvers may still have the old DS record.",
	dnssec.Leaving:    "Have the parent zone remove its DS record. When none of its name servers has it any more, or if it never had one, send confirm_ds.",
	dnssec.Left:       "Nothing to do: resolvers may still have the DS record.",
}

func (k *signing) view(d zonedb.Domain, propagation time.Duration) SigningView {
	v := SigningView{Stage: k.Stage, DS: []DSView{}, Keys: []KeyView{}}
	if k.Key == nil {
		return v
	}
	v.Signed = true
	v.Since = timeText(k.Since)
	_, due := k.Next(k.Since, k.timing(propagation))
	v.Until = timeText(due)
	for _, rr := range k.Records(d.Origin(), feed.KeyTTL) {
		if key, ok := rr.(*dns.DNSKEY); ok {
			v.Keys = append(v.Keys, KeyView{key.KeyTag(), key.Flags, key.Protocol, key.Algorithm, key.PublicKey})
		}
	}
	if ds := k.Keys.DS(d.Origin(), dsTTL); ds != nil {
		record := strings.ReplaceAll(ds.String(), "\t", " ")
		v.DS = append(v.DS, DSView{ds.KeyTag, ds.Algorithm, ds.DigestType, strings.ToUpper(ds.Digest), record})
	}
	text := advice[k.Stage]
	v.Advice = &text
	return v
}

// timeText writes a time in the API's form; nil for the zero time.
func timeText(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.Format(time.RFC3339)
	return &text
}
