package dnssec

import (
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// version is an RRset with its signatures and the time in which a resolver may have it:
// from when it was first served until it has left the last cache.
type version struct {
	from, until time.Time
	set, sigs   []dns.RR
}

// step is the time between the change of the records and that of the signer, a part of
// the propagation.
const step = time.Second

// history is all versions of a zone that resolvers may have had.
type history struct {
	timing        Timing
	now           time.Time
	records       Keys // that the zone's records are of
	signer        Keys // that the zone's signer has
	parent        *dns.DS
	data, dnskeys []version
	ds            []version
	verified      map[proof]bool // what has been computed already
}

type proof struct {
	sig *dns.RRSIG
	key *dns.DNSKEY
}

// pass serves the zone for a time, and renews signatures as the server does.
func (h *history) pass(t failer, d time.Duration) {
	end := h.now.Add(d)
	var dnskeys []dns.RR
	for _, rr := range h.records.Records(origin, 600) {
		if rr.Header().Rrtype == dns.TypeDNSKEY {
			dnskeys = append(dnskeys, rr)
		}
	}
	a := []dns.RR{&dns.A{Hdr: header("www."+origin, dns.TypeA, 300), A: []byte{192, 0, 2, 1}}}
	h.data = append(h.data, h.serve(t, a, end, h.timing.Zone)...)
	h.dnskeys = append(h.dnskeys, h.serve(t, dnskeys, end, h.timing.DNSKEY)...)
	if h.parent != nil {
		h.ds = append(h.ds, version{from: h.now, until: end.Add(h.timing.DS + h.timing.Propagation), set: []dns.RR{h.parent}})
	}
	h.now = end
}

func (h *history) serve(t failer, set []dns.RR, end time.Time, ttl time.Duration) (all []version) {
	for at := h.now; at.Before(end); {
		v := version{from: at, set: set}
		last := end
		if h.signer.Key != nil && len(set) > 0 {
			sigs, fresh, err := NewSigner(origin, h.signer, Config{Now: func() time.Time { return at }}).Sign(set)
			if err != nil {
				t.Fatalf("%v", err)
			}
			v.sigs = sigs
			if fresh.Before(last) {
				last = fresh
			}
		}
		v.until = last.Add(ttl + h.timing.Propagation - step)
		all = append(all, v)
		at = last
	}
	return all
}

// become puts records and signer one after the other, in the order of the package's
// documentation.
func (h *history) become(t failer, keys Keys) {
	if keys.Stage == Published {
		h.signer = keys
	} else {
		h.records = keys
	}
	h.pass(t, step)
	h.records, h.signer = keys, keys
}

// together reports whether a validator may have all of some versions at the same time.
func together(vs ...version) bool {
	from, until := vs[0].from, vs[0].until
	for _, v := range vs[1:] {
		if v.from.After(from) {
			from = v.from
		}
		if v.until.Before(until) {
			until = v.until
		}
	}
	return from.Before(until)
}

// verify reports whether a key has signed a version for all of its time.
func (h *history) verify(v version, key *dns.DNSKEY) bool {
	return slices.ContainsFunc(v.sigs, func(rr dns.RR) bool {
		sig := rr.(*dns.RRSIG)
		p := proof{sig, key}
		if _, ok := h.verified[p]; !ok {
			h.verified[p] = sig.KeyTag == key.KeyTag() && sig.ValidityPeriod(v.from) && sig.ValidityPeriod(v.until) && sig.Verify(key, v.set) == nil
		}
		return h.verified[p]
	})
}

// trusted reports whether a DS record validates a DNSKEY RRset.
func (h *history) trusted(keys version, ds *dns.DS) bool {
	return slices.ContainsFunc(keys.set, func(rr dns.RR) bool {
		key := rr.(*dns.DNSKEY)
		return key.ToDS(dns.SHA256).Digest == ds.Digest && h.verify(keys, key)
	})
}

// broken counts the combinations of versions that a validator may have and that do not
// validate.
func (h *history) broken() (count int) {
	h.verified = map[proof]bool{}
	for _, ds := range h.ds {
		for _, keys := range h.dnskeys {
			if !together(ds, keys) {
				continue
			}
			if !h.trusted(keys, ds.set[0].(*dns.DS)) {
				count++
			}
			for _, data := range h.data {
				if together(ds, keys, data) && !slices.ContainsFunc(keys.set, func(rr dns.RR) bool { return h.verify(data, rr.(*dns.DNSKEY)) }) {
					count++
				}
			}
		}
	}
	return count
}

// live signs a zone, rolls its key, and ends signing. The assumed timing may be wrong.
func (h *history) live(t failer, believed Timing, late func() time.Duration, key, successor *Key) {
	must := func(keys Keys, err error) Keys {
		if err != nil {
			t.Fatalf("%v", err)
		}
		return keys
	}
	wait := func(keys Keys) Keys {
		for {
			next, due := keys.Next(h.now, believed)
			if next.Stage != keys.Stage {
				h.become(t, next)
				return next
			}
			if due.IsZero() {
				t.Fatalf("%s for ever", keys.Stage)
			}
			h.pass(t, due.Sub(h.now)+late())
		}
	}
	saw := func(keys Keys) Keys {
		h.pass(t, time.Second+late())
		h.parent = keys.DS(origin, 60)
		h.pass(t, time.Second+late())
		keys = must(keys.SawDS(h.now))
		h.become(t, keys)
		return keys
	}
	h.pass(t, time.Hour)
	keys := Sign(key, h.now)
	h.become(t, keys)
	keys = wait(keys)
	h.parent = keys.DS(origin, 60)
	h.pass(t, 20*24*time.Hour)
	keys = must(keys.Roll(successor, h.now))
	h.become(t, keys)
	keys = wait(saw(wait(keys)))
	h.pass(t, 20*24*time.Hour)
	keys = must(keys.Leave(h.now))
	h.become(t, keys)
	if keys = wait(saw(keys)); keys.Stage != Unsigned {
		t.Errorf("at the end: %s", keys.Stage)
	}
	h.pass(t, time.Hour)
}

func TestRolloverHasNoGap(t *testing.T) {
	key := newTestKey(t)
	successor := newTestKey(t, key)
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(1, most).Draw(t, name)) * time.Minute
		}
		timing := Timing{minutes("DNSKEY", 3000), minutes("zone", 3000), minutes("DS", 3000), minutes("propagation", 60)}
		h := &history{timing: timing, now: start}
		h.live(t, timing, func() time.Duration { return minutes("late", 5000) - time.Minute }, key, successor)
		if n := h.broken(); n != 0 {
			t.Errorf("%d combinations do not validate", n)
		}
	})
}

// With too short times TestRolloverHasNoGap would find a gap.
func TestRolloverWithTooShortTimesHasGaps(t *testing.T) {
	key := newTestKey(t)
	successor := newTestKey(t, key)
	timing := Timing{DNSKEY: time.Hour, Zone: 10 * time.Hour, DS: 20 * time.Hour, Propagation: time.Minute}
	for name, shorten := range map[string]func(*Timing){
		"DNSKEY":      func(t *Timing) { t.DNSKEY -= 2 * time.Minute },
		"DS":          func(t *Timing) { t.DS -= 2 * time.Minute },
		"zone":        func(t *Timing) { t.Zone -= 2 * time.Minute },
		"propagation": func(t *Timing) { t.Propagation -= 10 * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			believed := timing
			shorten(&believed)
			h := &history{timing: timing, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
			h.live(t, believed, func() time.Duration { return 0 }, key, successor)
			if h.broken() == 0 {
				t.Error("too short a time is not noticed")
			}
		})
	}
}
