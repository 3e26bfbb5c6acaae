package dnssec

import (
	"errors"
	"time"

	"github.com/miekg/dns"
)

// Stage is how far a zone's keys are (RFC 7583 has the reasons for the times).
type Stage string

// The stages. A rollover goes from Stable by Published and Switched, and Seen,
// to Stable.
const (
	// Introduced: the zone is signed, but who has unsigned records of it may
	// not know of it yet: the parent must not.
	Introduced Stage = "introduced"
	// Stable: one key, and its DS at the parent, or to go there.
	Stable Stage = "stable"
	// Published: the successor is in the DNSKEY RRset and signs nothing else.
	Published Stage = "published"
	// Switched: the successor signs; its DS is to replace the one at the parent.
	Switched Stage = "switched"
	// Seen: the parent has the successor's DS; who has the old one may still
	// use it.
	Seen Stage = "seen"
	// Leaving: the zone is to be signed no more; the parent is to have no DS.
	Leaving Stage = "leaving"
	// Left: the parent has no DS; who has the old one may still use it.
	Left Stage = "left"
	// Unsigned: nobody expects signatures any more.
	Unsigned Stage = "unsigned"
)

// Keys is what a zone is signed with at one time. It is a value: methods return
// another. The zero value is that of a zone that is not signed.
type Keys struct {
	Stage     Stage
	Since     time.Time // of the stage
	Switched  time.Time // when the successor has begun to sign; zero but in Switched and Seen
	Key       *Key
	Successor *Key // nil but in Published, Switched and Seen
}

// Timing is how long others may know what was.
type Timing struct {
	DNSKEY      time.Duration // TTL of the DNSKEY RRset
	Zone        time.Duration // the longest TTL in the zone, negative answers' too
	DS          time.Duration // TTL of the parent's DS RRset
	Propagation time.Duration // from Since until all servers of the zone have both records and signer, or those of the parent their DS
}

// ErrStage says that keys are not at the stage that a step begins from.
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

// SawDS notes that all servers of the parent have what DS says, and nothing
// else; ErrStage unless the keys are Switched or Leaving.
func (k Keys) SawDS(now time.Time) (Keys, error) {
	switch k.Stage {
	case Switched:
		return k.at(Seen, now), nil
	case Leaving:
		return k.at(Left, now), nil
	}
	return k, ErrStage
}

// Next returns the keys as they are to be now, and when to ask again: zero if
// time alone changes nothing. It goes at most one stage: each has to be served
// before the time of the next one runs.
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

// due is when a stage is over by time alone.
func (k Keys) due(t Timing) time.Time {
	switch k.Stage {
	case Introduced: // nobody has an unsigned record any more
		return k.Since.Add(max(t.Zone, t.DNSKEY) + t.Propagation)
	case Published: // nobody has a DNSKEY RRset without the successor
		return k.Since.Add(t.DNSKEY + t.Propagation)
	case Seen: // nobody has the old DS, or what the old key has signed
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

// DS returns what the parent is to have; nil if that is nothing.
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
