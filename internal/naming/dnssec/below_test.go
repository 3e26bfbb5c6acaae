package dnssec

import (
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// zoneBelow is a zone below that of the tests, signed by its own key or not signed.
func zoneBelow(t *testing.T, name string, safe bool) zone.Zone {
	t.Helper()
	z := zone.Zone{Origin: name + "." + origin}
	z.Records = parsed(t, z.Origin, "@ SOA ns host 1 2 3 4 60\n@ NS ns\nns A 127.0.0.1\nwww A 192.0.2.7\n")
	if safe {
		keys := Keys{Stage: Stable, Key: newTestKey(t)}
		z.Records = append(z.Records, keys.Records(z.Origin, 600)...)
		z.Signer = NewSigner(z.Origin, keys, Config{Cache: NewCache(1000)})
		z.DS = []mdns.RR{keys.DS(z.Origin, 600)}
	}
	return z
}

// withZonesBelow serves a signed zone and zones below it by one server. Of the zones
// below, the signed zone has NS records only for "both".
func withZonesBelow(t *testing.T) (*dns.Server, *zonedata.Table, Keys) {
	t.Helper()
	keys := Keys{Stage: Stable, Key: newTestKey(t)}
	s, table := serve(t, signed(t, zoneText+"both NS ns1\noccluded A 192.0.2.1\ntosafe CNAME www.safe\ntoplain CNAME www.plain\n", keys),
		zoneBelow(t, "safe", true), zoneBelow(t, "safe.safe", true), zoneBelow(t, "plain.safe", false), zoneBelow(t, "both", true), zoneBelow(t, "x.wild", true),
		zoneBelow(t, "plain", false), zoneBelow(t, "safe.plain", true), zoneBelow(t, "occluded", false), zoneBelow(t, "far.between", false))
	return s, table, keys
}

// A resolver accepts the answers from zones of which the parent zone has no records,
// and validates those from signed ones.
func TestUnboundAcceptsZonesBelow(t *testing.T) {
	s, _, keys := withZonesBelow(t)
	// It looks for DS below "safe" at that zone's servers, which NS records can't
	// give the port of.
	address := startUnbound(t, keys, map[string]*dns.Server{origin: s, "safe." + origin: s})
	for _, test := range []struct {
		ask    string
		rcode  int
		secure bool
	}{
		{"none A", 3, true},
		{"near.between A", 3, true}, // which must not deny what is beside it
		{"between A", 0, true},
		{"www.far.between A", 0, false},
		{"none.far.between A", 3, false},
		{"v.wild A", 0, true},
		{"www.x.wild A", 0, true},
		{"www.safe A", 0, true},
		{"none.safe A", 3, true},
		{"safe DS", 0, true},
		{"www.safe.safe A", 0, true},
		{"www.plain.safe A", 0, false},
		{"www.both A", 0, true},
		{"www.plain A", 0, false},
		{"plain A", 0, false},
		{"none.plain A", 3, false},
		{"plain DS", 0, true},
		{"www.safe.plain A", 0, false},
		{"www.occluded A", 0, false},
		{"occluded A", 0, false},
		{"tosafe A", 0, true},
		{"toplain A", 0, false},
	} {
		t.Run(test.ask, func(t *testing.T) {
			if m := resolved(t, address, test.ask); m.Rcode != test.rcode || m.AuthenticatedData != test.secure {
				t.Errorf("%s", m)
			}
		})
	}
}

// A zone's answers about a zone below it validate before that is put, while it is
// served and after it is removed.
func TestDelvValidatesZonesBelow(t *testing.T) {
	s, table, keys := withZonesBelow(t)
	delv := newDelv(t, s, keys)
	const secure, insecure, denied = "; fully validated", "; unsigned answer", "; negative response, fully validated"
	expect := func(ask, want string) {
		t.Helper()
		if out := delv(t, ask); !strings.Contains(out, want) {
			t.Errorf("%s: want %q of\n%s", ask, want, out)
		}
	}
	put := func(z zone.Zone) {
		t.Helper()
		if err := table.Put(z); err != nil {
			t.Fatal(err)
		}
	}
	expect("www.plain A", insecure)
	expect("www.safe A", secure)
	expect("www.new.zone A", denied)
	put(zoneBelow(t, "new.zone", true))
	expect("www.new.zone A", secure)
	expect("zone A", denied)
	put(zoneBelow(t, "new.zone", true)) // by another key
	expect("www.new.zone A", secure)
	put(zoneBelow(t, "new.zone", false))
	expect("www.new.zone A", insecure)
	expect("new.zone DS", denied)
	put(zoneBelow(t, "zone", false))
	expect("www.new.zone A", insecure)
	table.Remove("zone." + origin)
	table.Remove("new.zone." + origin)
	expect("www.new.zone A", denied)
	expect("zone A", denied)
}
