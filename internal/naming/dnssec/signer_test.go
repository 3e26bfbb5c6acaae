package dnssec

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// Signatures of denials are cached until they have to be renewed, the last used ones.
func TestSignaturesAreRefreshed(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	key := newTestKey(t)
	s := NewSigner(origin, Keys{Stage: Stable, Key: key}, Config{Cache: NewCache(2), Now: func() time.Time { return now }})
	sign := func(name string) (*dns.RRSIG, time.Time) {
		rrs, fresh, err := s.Sign([]dns.RR{nsec(name+"."+origin, `\000.`+name+"."+origin, nil, 60)})
		if err != nil {
			t.Fatal(err)
		}
		return rrs[0].(*dns.RRSIG), fresh
	}
	first, fresh := sign("a")
	if !first.ValidityPeriod(now.Add(-backdated)) || !first.ValidityPeriod(fresh.Add(remaining)) || first.ValidityPeriod(fresh.Add(remaining+time.Second)) {
		t.Errorf("%s, fresh until %s", first, fresh)
	}
	if least := now.Add(validity - remaining); fresh.Before(least) || fresh.After(least.Add(jitter)) {
		t.Errorf("fresh until %s", fresh)
	}
	now = fresh.Add(-1)
	if kept, _ := sign("a"); kept.Signature != first.Signature {
		t.Error("a fresh signature is made anew")
	}
	now = fresh
	second, _ := sign("a")
	if second.Signature == first.Signature {
		t.Error("an old signature is given")
	}
	sign("b")
	if kept, _ := sign("a"); kept.Signature != second.Signature {
		t.Error("a signature is lost while there is room")
	}
	for i := range 10 {
		sign(fmt.Sprint(i))
		if kept, _ := sign("a"); kept.Signature != second.Signature {
			t.Fatal("the signature that is used is lost")
		}
	}
	if n := len(s.cache.all); n != 2 || s.cache.order.Len() != 2 {
		t.Errorf("%d are kept", n)
	}
}

// Each type is signed by the keys of its stage.
func TestKeysThatSignEachType(t *testing.T) {
	key := newTestKey(t)
	successor := newTestKey(t, key)
	a := []dns.RR{&dns.A{Hdr: header(origin, dns.TypeA, 60), A: []byte{192, 0, 2, 1}}}
	for _, test := range []struct {
		stage         Stage
		successor     *Key
		data, dnskeys []uint16
	}{
		{Stable, nil, []uint16{key.Tag()}, []uint16{key.Tag()}},
		{Published, successor, []uint16{key.Tag()}, []uint16{key.Tag(), successor.Tag()}},
		{Switched, successor, []uint16{successor.Tag()}, []uint16{key.Tag(), successor.Tag()}},
		{Seen, successor, []uint16{successor.Tag()}, []uint16{key.Tag(), successor.Tag()}},
		{Leaving, nil, []uint16{key.Tag()}, []uint16{key.Tag()}},
	} {
		keys := Keys{Stage: test.stage, Key: key, Successor: test.successor}
		s := NewSigner(origin, keys, Config{})
		sets := append(setsOf(keys.Records(origin, 60)), a)
		for _, set := range sets {
			want := test.dnskeys
			if set[0].Header().Rrtype == dns.TypeA {
				want = test.data
			}
			rrs, _, err := s.Sign(set)
			if err != nil {
				t.Fatal(err)
			}
			var got []uint16
			for _, rr := range rrs {
				got = append(got, rr.(*dns.RRSIG).KeyTag)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: %s", test.stage, dns.TypeToString[set[0].Header().Rrtype], diff)
			}
		}
	}
	if _, _, err := NewSigner(origin, Keys{}, Config{}).Sign(a); err == nil {
		t.Error("signed without a key")
	}
}

// Callers of Sign get copies of cached signatures, because packing writes into them.
func TestCachedSignaturesAreCopied(t *testing.T) {
	s := NewSigner(origin, Keys{Stage: Stable, Key: newTestKey(t)}, Config{Cache: NewCache(10)})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				signatures, _, err := s.Sign([]dns.RR{nsec(origin, "a."+origin, nil, 60)})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := dns.PackRR(signatures[0], make([]byte, 512), 0, nil, false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
