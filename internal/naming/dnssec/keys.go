package dnssec

import (
	"errors"
	"time"

	"github.com/miekg/dns"
)

// Stage is a stage in the life of a zone's keys. RFC 7583 explains the times between
// stages.
type Stage string

// The stages. A rollover passes from Stable through Published, Switched and Seen to
// Stable.
const (
	// Introduced: the zone is signed, but resolvers may still have unsigned records.
	// The parent must not have a DS record yet.
	Introduced Stage = "introduced"
	// Stable: there is one key, and the parent has its DS record or can get it.
	Stable Stage = "stable"
	// Published: the successor is in the DNSKEY RRset and signs only that and the CDS
	// and CDNSKEY RRsets.
	Published Stage = "published"
	// Switched: the successor signs. Its DS record has to replace that at the parent.
	Switched Stage = "switched"
	// Seen: the parent has the successor's DS record. Resolvers may still have the old
	// one.
	Seen Stage = "seen"
	// Leaving: signing will end. The parent has to remove its DS record.
	Leaving Stage = "leaving"
	// Left: the parent has no DS record. Resolvers may still have the old one.
	Left Stage = "left"
	// Unsigned: no resolver expects signatures.
	Unsigned Stage = "unsigned"
)

// Keys are the keys of a zone and their stage. Methods return changed copies. The zero
// value is that of a zone that is not signed.
type Keys struct {
	Stage     Stage
	Since     time.Time // of the stage
	Switched  time.Time // when the successor began to sign; zero in other stages than Switched and Seen
	Key       *Key
	Successor *Key // nil in other stages than Published, Switched and Seen
}

// Timing is how long resolvers and secondaries may have outdated records.
type Timing struct {
	DNSKEY      time.Duration // TTL of the DNSKEY RRset
	Zone        time.Duration // the longest TTL in the zone, negative answers' too
	DS          time.Duration // TTL of the parent's DS RRset
	Propagation time.Duration // from Since until all servers of the zone have the records and the signer, or all those of the parent the DS record
}

// ErrStage is returned by a step that does not begin at the present stage of the keys.
var ErrStage = errors.New("the zone's keys are not at the stage for this")

// Sign begins to sign a zone.
func Sign(key *Key, now time.Time) Keys { return Keys{Stage: Introduced, Since: now, Key: key} }

// Roll begins to replace the key; ErrStage unless the keys are Stable.
func (k Keys) Roll(successor *Key, now time.Time) (Keys, error) {
	if k.Stage != Stable {
		return k, ErrStage
	}
	return Keys{Stage: Published, Since: now, Key: k.Key, Successor: successor}, nil
}

// Leave begins to stop signing; ErrStage unless the keys are Introduced or
// Stable.
func (k Keys) Leave(now time.Time) (Keys, error) {
	if k.Stage != Stable && k.Stage != Introduced {
		return k, ErrStage
	}
	return k.at(Leaving, now), nil
}

// SawDS records that all servers of the parent have the result of DS and no other DS
// record. It returns ErrStage unless the stage is Switched or Leaving.
func (k Keys) SawDS(now time.Time) (Keys, error) {
	switch k.Stage {
	case Switched:
		return k.at(Seen, now), nil
	case Leaving:
		return k.at(Left, now), nil
	}
	return k, ErrStage
}

// Next returns the keys of this time, and when to call it again: zero if the stage does
// not end by itself. It moves on by at most one stage, because the time of a stage
// begins when the stage is served.
func (k Keys) Next(now time.Time, t Timing) (Keys, time.Time) {
	due := k.due(t)
	if due.IsZero() || now.Before(due) {
		return k, due
	}
	switch k.Stage {
	case Introduced:
		k = k.at(Stable, now)
	case Published:
		k = k.at(Switched, now)
		k.Switched = now
	case Seen:
		k = Keys{Stage: Stable, Since: now, Key: k.Successor}
	case Left:
		k = Keys{Stage: Unsigned, Since: now}
	}
	return k, k.due(t)
}

// due returns when the stage ends by itself; zero if it does not.
func (k Keys) due(t Timing) time.Time {
	switch k.Stage {
	case Introduced: // until then a resolver may have unsigned records
		return k.Since.Add(max(t.Zone, t.DNSKEY) + t.Propagation)
	case Published: // until then a resolver may have the DNSKEY RRset without the successor
		return k.Since.Add(t.DNSKEY + t.Propagation)
	case Seen: // until then a resolver may have the old DS record or signatures of the old key
		due := k.Since.Add(t.DS + t.Propagation)
		if signed := k.Switched.Add(max(t.Zone, t.DNSKEY) + t.Propagation); signed.After(due) {
			return signed
		}
		return due
	case Left:
		return k.Since.Add(t.DS + t.Propagation)
	}
	return time.Time{}
}

func (k Keys) at(stage Stage, now time.Time) Keys {
	k.Stage, k.Since = stage, now
	return k
}

// signing returns the key that signs the zone's data.
func (k Keys) signing() *Key {
	if k.Stage == Switched || k.Stage == Seen {
		return k.Successor
	}
	return k.Key
}

// all returns the keys of the DNSKEY RRset.
func (k Keys) all() []*Key {
	var all []*Key
	for _, key := range []*Key{k.Key, k.Successor} {
		if key != nil {
			all = append(all, key)
		}
	}
	return all
}

// DS returns the DS record that the parent has to have; nil for none. The TTL is in
// seconds.
func (k Keys) DS(origin string, ttl uint32) *dns.DS {
	switch k.Stage {
	case Introduced, Leaving, Left, Unsigned:
		return nil
	}
	if key := k.signing(); key != nil {
		return key.DS(origin, ttl)
	}
	return nil
}

// Records returns the DNSKEY, CDS and CDNSKEY RRsets of the zone's apex (RFC
// 7344). The TTL is in seconds.
func (k Keys) Records(origin string, ttl uint32) []dns.RR {
	var rrs []dns.RR
	for _, key := range k.all() {
		rrs = append(rrs, key.DNSKEY(origin, ttl))
	}
	if k.Stage == Leaving || k.Stage == Left { // RFC 8078, section 4
		return append(rrs,
			&dns.CDS{DS: dns.DS{Hdr: header(origin, dns.TypeCDS, ttl), Digest: "00"}},
			&dns.CDNSKEY{DNSKEY: dns.DNSKEY{Hdr: header(origin, dns.TypeCDNSKEY, ttl), Protocol: 3, PublicKey: "AA=="}})
	}
	if ds := k.DS(origin, ttl); ds != nil {
		cds, cdnskey := &dns.CDS{DS: *ds}, &dns.CDNSKEY{DNSKEY: *k.signing().DNSKEY(origin, ttl)}
		cds.Hdr.Rrtype, cdnskey.Hdr.Rrtype = dns.TypeCDS, dns.TypeCDNSKEY
		rrs = append(rrs, cds, cdnskey)
	}
	return rrs
}
