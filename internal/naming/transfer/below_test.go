package transfer

import (
	"slices"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// renew gives the zone another serial and changes nothing else.
func renew(t testing.TB, p *Primary, serial int) {
	t.Helper()
	err := p.Apply(zone.Change{Origin: "example.com.", Removed: []mdns.RR{soa(t, serial-1)}, Added: []mdns.RR{soa(t, serial)}})
	if err != nil {
		t.Fatal(err)
	}
}

// A copy of a zone delegates the zones below it that are served, whichever version the
// secondary had before.
func TestCopiesDelegateZonesBelow(t *testing.T) {
	p, address := started(t, Config{Allow: loopback}, 0)
	copied := map[int][]string{1: {"example.com. NS"}} // by the serial of the copy
	update := func(serial int) {
		t.Helper()
		full, _, err := transferred(address, new(mdns.Msg).SetAxfr("example.com."), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := owners(nil, full)
		for from, records := range copied {
			rrs, _, err := transferred(address, new(mdns.Msg).SetIxfr("example.com.", uint32(from), "ns.", "host."), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := owners(records, rrs); !slices.Equal(got, want) {
				t.Errorf("from %d to %d: %q, want %q", from, serial, got, want)
			}
		}
		copied[serial] = want
	}
	expect := func(record string, want bool) {
		t.Helper()
		if newest := copied[len(copied)]; slices.Contains(newest, record) != want {
			t.Errorf("%q has %s: %t, want %t", newest, record, !want, want)
		}
	}
	step(t, p, 2)
	update(2)
	if err := p.Put(small(t, "sub.example.com.", "1")); err != nil {
		t.Fatal(err)
	}
	renew(t, p, 3)
	update(3)
	expect("sub.example.com. NS", true)
	step(t, p, 4)
	update(4)
	expect("sub.example.com. NS", true)
	hidden := zone.Change{Origin: "example.com.", Removed: []mdns.RR{soa(t, 4)}, Added: []mdns.RR{soa(t, 5), rr(t, "sub.example.com. 60 IN TXT x")}}
	if err := p.Apply(hidden); err != nil {
		t.Fatal(err)
	}
	update(5)
	expect("sub.example.com. TXT", false)
	p.Remove("sub.example.com.")
	renew(t, p, 6)
	update(6)
	expect("sub.example.com. NS", false)
	expect("sub.example.com. TXT", true)
	step(t, p, 7)
	update(7)
	expect("a7.example.com. A", true)
}

// owners returns the names and types of the records that a secondary has after a
// transfer, given those that it had before.
func owners(had []string, transfer []mdns.RR) (all []string) {
	incremental := len(transfer) > 1 && transfer[1].Header().Rrtype == mdns.TypeSOA
	if incremental {
		all = slices.Clone(had)
	}
	adds := false
	for _, rr := range transfer {
		name := rr.Header().Name + " " + mdns.TypeToString[rr.Header().Rrtype]
		switch {
		case rr.Header().Rrtype == mdns.TypeSOA:
			adds = !adds
		case incremental && !adds:
			all = slices.DeleteFunc(all, func(other string) bool { return other == name })
		default:
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
