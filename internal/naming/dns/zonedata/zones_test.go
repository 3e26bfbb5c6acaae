package zonedata

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// lines returns a zone's records as text, in one order.
func lines(v View) []string {
	var all []string
	for rr := range v.Records() {
		all = append(all, rr.String())
	}
	slices.Sort(all)
	return all
}

// tableOf returns a table of zones.
func tableOf(t testing.TB, zones map[string]string) *Table {
	t.Helper()
	table := New()
	for origin, text := range zones {
		if err := table.Put(dnstest.Zone(t, origin, text)); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func TestPutRejects(t *testing.T) {
	const soa = "@ SOA a b 1 1 1 1 1\n"
	for _, test := range []struct{ name, origin, text, want string }{
		{"no SOA", "example.com.", "@ NS a", "has no SOA"},
		{"nothing", "example.com.", "", "has no SOA"},
		{"two SOAs", "example.com.", soa + "@ SOA a b 2 1 1 1 1", "more than one"},
		{"SOA elsewhere", "example.com.", soa + "a SOA a b 1 1 1 1 1", "not at the zone's apex"},
		{"outside", "example.com.", soa + "www.example.net. A 192.0.2.1", "outside"},
		{"outside, alike", "example.com.", soa + "notexample.com. A 192.0.2.1", "outside"},
		{"above", "example.com.", soa + "com. A 192.0.2.1", "outside"},
		{"CNAME at the apex", "example.com.", soa + "@ CNAME a", "apex"},
		{"CNAME beside an address", "example.com.", soa + "a CNAME b\na A 192.0.2.1", "beside other records"},
		{"CNAME twice", "example.com.", soa + "a CNAME b\na CNAME c", "more than one"},
		{"class CHAOS", "example.com.", soa + "a CH TXT x", "class is not IN"},
		{"no final dot", "example.com", strings.ReplaceAll(soa, "@", "example.com."), "does not end with a dot"},
		{"label too long", strings.Repeat("a", 64) + ".com.", strings.ReplaceAll(soa, "@", "example.com."), "bad rdata"},
		{"RRset too long", "example.com.", soa + strings.Repeat("a TXT "+strings.Repeat("x", 200)+"%d\n", 310), "more records than a message can carry"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New()
			for i := range 400 {
				test.text = strings.Replace(test.text, "%d", fmt.Sprint(i), 1)
			}
			z := dnstest.Zone(t, "example.com.", test.text)
			z.Origin = test.origin
			if err := s.Put(z); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if _, there := s.Zone(test.origin); there {
				t.Error("the zone is there")
			}
		})
	}
}

// TestPutRejectsIncompleteRecords has records that lack a part, as only programs make them.
func TestPutRejectsIncompleteRecords(t *testing.T) {
	head := func(rrtype uint16) dns.RR_Header {
		return dns.RR_Header{Name: "a.example.com.", Rrtype: rrtype, Class: dns.ClassINET}
	}
	for _, part := range []dns.RR{
		nil,
		&dns.A{Hdr: head(dns.TypeA)}, &dns.AAAA{Hdr: head(dns.TypeAAAA)}, &dns.NS{Hdr: head(dns.TypeNS)}, &dns.CNAME{Hdr: head(dns.TypeCNAME)},
		&dns.MX{Hdr: head(dns.TypeMX), Preference: 1}, &dns.SRV{Hdr: head(dns.TypeSRV), Port: 1},
		&dns.A{Hdr: dns.RR_Header{Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, 1)},
		&dns.SOA{Hdr: dns.RR_Header{Name: "example.com.", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: "a."},
		&dns.NS{Hdr: head(dns.TypeNS), Ns: "relative"},
	} {
		z := dnstest.Zone(t, "example.com.", dnstest.Small)
		z.Records = append(z.Records, part)
		if err := New().Put(z); err == nil {
			t.Errorf("taken: %#v", part)
		}
	}
}

func TestView(t *testing.T) {
	table := tableOf(t, map[string]string{"example.com.": dnstest.Big, "example.org.": dnstest.Small})
	v, ok := table.Zone("Example.Com.")
	if !ok || v.Origin() != "example.com." || v.Serial() != 7 || v.SOA().Minttl != 1800 || v.SOA().Hdr.Ttl != 3600 {
		t.Errorf("%v %q %d %s", ok, v.Origin(), v.Serial(), v.SOA())
	}
	var want []string
	for _, r := range dnstest.Zone(t, "example.com.", dnstest.Big).Records {
		want = append(want, r.String())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, lines(v)); diff != "" || v.Len() != len(want) {
		t.Errorf("%d records of %d: %s", v.Len(), len(want), diff)
	}
	for r := range v.Records() {
		if r.Header().Rrtype != dns.TypeSOA {
			t.Errorf("first comes %s", r)
		}
		break
	}
	if got := v.Lookup("mixed.EXAMPLE.com.", dns.TypeA); len(got) != 1 || got[0].Header().Name != "MiXeD.example.com." {
		t.Errorf("%v", got)
	}
	if got := len(v.Lookup("example.com.", dns.TypeANY)); got != 7 {
		t.Errorf("the apex has %d records", got)
	}
	for _, name := range []string{"none.example.com.", "ent.example.com.", "example.net.", "no-dot", ""} {
		if got := v.Lookup(name, dns.TypeANY); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if zones := slices.Sorted(table.Zones()); !slices.Equal(zones, []string{"example.com.", "example.org."}) {
		t.Errorf("%q", zones)
	}
}

func TestApplyRejects(t *testing.T) {
	const old, next = "example.com. 300 IN SOA ns1.example.com. hostmaster.example.com. 1 10800 3600 604800 1800", "example.com. 300 IN SOA ns1.example.com. hostmaster.example.com. 2 10800 3600 604800 1800"
	for _, test := range []struct {
		name           string
		origin         string
		removed, added []string
		want           string
	}{
		{"no zone", "example.net.", nil, nil, "not here"},
		{"an SOA of another serial", "example.com.", []string{strings.Replace(old, " 1 ", " 9 ", 1)}, []string{next}, "is not in the zone"},
		{"no new SOA", "example.com.", []string{old}, nil, "has no SOA"},
		{"no old SOA", "example.com.", nil, []string{next}, "more than one"},
		{"what is not there", "example.com.", []string{old, "ns1.example.com. 300 IN A 192.0.2.9"}, []string{next}, "is not in the zone"},
		{"a name that is not there", "example.com.", []string{old, "ns9.example.com. 300 IN A 192.0.2.1"}, []string{next}, "is not in the zone"},
		{"what is there", "example.com.", []string{old}, []string{next, "ns1.example.com. 60 IN A 192.0.2.1"}, "is in the zone already"},
		{"outside", "example.com.", []string{old}, []string{next, "ns1.example.net. 60 IN A 192.0.2.1"}, "outside"},
		{"CNAME beside an address", "example.com.", []string{old}, []string{next, "ns1.example.com. 60 IN CNAME a.example.com."}, "beside other records"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := tableOf(t, map[string]string{"example.com.": dnstest.Small})
			c := zone.Change{Origin: test.origin}
			for _, text := range test.removed {
				c.Removed = append(c.Removed, dnstest.Record(t, text))
			}
			for _, text := range test.added {
				c.Added = append(c.Added, dnstest.Record(t, text))
			}
			before, _ := table.Zone("example.com.")
			err := table.Apply(c)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if none := errors.Is(err, ErrNoZone); none != (test.want == "not here") {
				t.Errorf("error %v, ErrNoZone %t", err, none)
			}
			if after, _ := table.Zone("example.com."); after != before {
				t.Error("the zone has changed")
			}
		})
	}
}

func TestApplyIgnoresCase(t *testing.T) {
	table := tableOf(t, map[string]string{"example.com.": "@ SOA Ns b 1 1 1 1 1\nWWW MX 10 Mail"})
	err := table.Apply(zone.Change{Origin: "Example.com.", Removed: []dns.RR{
		dnstest.Record(t, "EXAMPLE.com. 9 IN SOA nS.example.com. B.example.com. 1 1 1 1 1"), dnstest.Record(t, "www.example.COM. 9 IN MX 10 mail.EXAMPLE.com."),
	}, Added: []dns.RR{dnstest.Record(t, "example.com. 9 IN SOA ns.example.com. b.example.com. 2 1 1 1 1")}})
	if v, _ := table.Zone("example.com."); err != nil || v.Len() != 1 || v.Serial() != 2 {
		t.Errorf("%v, %d records", err, v.Len())
	}
}

func TestPutRejectsDS(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"another type", "example.com. 300 IN NS a.", "NS is no DS"},
		{"another name", "a.example.com. 300 IN DS 1 " + dnstest.Digest, "not of the zone's origin"},
		{"outside", "example.net. 300 IN DS 1 " + dnstest.Digest, "outside"},
		{"class CHAOS", "example.com. 300 CH DS 1 " + dnstest.Digest, "class is not IN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := tableOf(t, map[string]string{"example.com.": dnstest.Small})
			before, _ := table.Zone("example.com.")
			z := dnstest.Zone(t, "example.com.", dnstest.Tiny)
			z.DS = []dns.RR{dnstest.Record(t, test.text)}
			if err := table.Put(z); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if after, _ := table.Zone("example.com."); after != before {
				t.Error("the zone has changed")
			}
		})
	}
}

func TestRemoveForgetsTheNamesAboveAZone(t *testing.T) {
	table := tableOf(t, map[string]string{"a.b.example.com.": dnstest.Small, "example.com.": dnstest.Small, "b.example.com.": dnstest.Small})
	for _, origin := range []string{"b.example.com.", "a.b.example.com.", "example.com."} {
		if !table.Remove(origin) {
			t.Errorf("%s was not there", origin)
		}
	}
	if left := table.above.Load(); left != nil {
		t.Errorf("names above zones are left: %v", left)
	}
}
