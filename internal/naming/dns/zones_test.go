package dns

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

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

func rr(t testing.TB, text string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPutRefuses(t *testing.T) {
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
			s, err := New(Config{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 400 {
				test.text = strings.Replace(test.text, "%d", fmt.Sprint(i), 1)
			}
			z := parsed(t, "example.com.", test.text)
			z.Origin = test.origin
			if err = s.Put(z); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if _, there := s.Zone(test.origin); there {
				t.Error("the zone is there")
			}
		})
	}
}

// TestPutRefusesParts has records that lack a part, as only programs make them.
func TestPutRefusesParts(t *testing.T) {
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
		z := parsed(t, "example.com.", small)
		z.Records = append(z.Records, part)
		s, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(z); err == nil {
			t.Errorf("taken: %#v", part)
		}
	}
}

func TestPutReplaces(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": big})
	before, _ := w.server.Zone("example.com.")
	if err := w.server.Put(parsed(t, "example.com.", small)); err != nil {
		t.Fatal(err)
	}
	after, _ := w.server.Zone("EXAMPLE.com.")
	if want := lines(View{c: base(t, small)}); !slices.Equal(lines(after), want) {
		t.Error(cmp.Diff(want, lines(after)))
	}
	if want := lines(View{c: base(t, big)}); !slices.Equal(lines(before), want) {
		t.Error("a view has changed:", cmp.Diff(want, lines(before)))
	}
	if err := w.server.Put(zone.Zone{Origin: "example.com."}); err == nil {
		t.Error("an empty zone was taken")
	}
	if got := look(t, w, "ns1.example.com.", dns.TypeA); len(got.Answer) != 1 {
		t.Errorf("a refused zone replaced what was there: %s", got)
	}
}

func base(t testing.TB, text string) *contents {
	w := served(t, Config{}, map[string]string{"example.com.": text})
	return w.server.table.get("example.com.")
}

func look(t testing.TB, w *worker, name string, rrtype uint16) *dns.Msg {
	return w.exchange(t, new(dns.Msg).SetQuestion(name, rrtype))
}

func TestView(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": big, "example.org.": small})
	v, ok := w.server.Zone("Example.Com.")
	if !ok || v.Origin() != "example.com." || v.Serial() != 7 || v.SOA().Minttl != 1800 || v.SOA().Hdr.Ttl != 3600 {
		t.Errorf("%v %q %d %s", ok, v.Origin(), v.Serial(), v.SOA())
	}
	var want []string
	for _, r := range parsed(t, "example.com.", big).Records {
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
	if zones := slices.Sorted(w.server.Zones()); !slices.Equal(zones, []string{"example.com.", "example.org."}) {
		t.Errorf("%q", zones)
	}
}

func TestApplyRefuses(t *testing.T) {
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
			w := served(t, Config{}, map[string]string{"example.com.": small})
			c := zone.Change{Origin: test.origin}
			for _, text := range test.removed {
				c.Removed = append(c.Removed, rr(t, text))
			}
			for _, text := range test.added {
				c.Added = append(c.Added, rr(t, text))
			}
			before, _ := w.server.Zone("example.com.")
			err := w.server.Apply(c)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if none := errors.Is(err, ErrNoZone); none != (test.want == "not here") {
				t.Errorf("error %v, ErrNoZone %t", err, none)
			}
			if after, _ := w.server.Zone("example.com."); after != before {
				t.Error("the zone has changed")
			}
		})
	}
}

func TestApplyDoesNotMindSpelling(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": "@ SOA Ns b 1 1 1 1 1\nWWW MX 10 Mail"})
	err := w.server.Apply(zone.Change{Origin: "Example.com.", Removed: []dns.RR{
		rr(t, "EXAMPLE.com. 9 IN SOA nS.example.com. B.example.com. 1 1 1 1 1"), rr(t, "www.example.COM. 9 IN MX 10 mail.EXAMPLE.com."),
	}, Added: []dns.RR{rr(t, "example.com. 9 IN SOA ns.example.com. b.example.com. 2 1 1 1 1")}})
	if v, _ := w.server.Zone("example.com."); err != nil || v.Len() != 1 || v.Serial() != 2 {
		t.Errorf("%v, %d records", err, v.Len())
	}
}

func TestRRsetHasOneTTL(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": small + "a 600 A 192.0.2.1\na 60 A 192.0.2.2\na 600 A 192.0.2.1\n"})
	want := "NOERROR aa rd\nan a.example.com. 60 A 192.0.2.1\nan a.example.com. 60 A 192.0.2.2"
	if diff := cmp.Diff(want, shown(look(t, w, "a.example.com.", dns.TypeA))); diff != "" {
		t.Error(diff)
	}
}

func TestRemove(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": big, "child.example.com.": child})
	if !w.server.Remove("CHILD.example.com.") || w.server.Remove("child.example.com.") || w.server.Remove("no dot") {
		t.Error("Remove does not tell what was there")
	}
	if got := look(t, w, "www.child.example.com.", dns.TypeA); got.Authoritative || len(got.Ns) != 1 {
		t.Errorf("the zone above does not refer: %s", got)
	}
	if !w.server.Remove("example.com.") {
		t.Error("the zone was not there")
	}
	if got := look(t, w, "www.example.com.", dns.TypeA); got.Rcode != dns.RcodeRefused {
		t.Errorf("%s", got)
	}
	if err := w.server.Put(parsed(t, "example.com.", small)); err != nil {
		t.Fatal(err)
	}
	if got := look(t, w, "ns1.example.com.", dns.TypeA); len(got.Answer) != 1 {
		t.Errorf("%s", got)
	}
}

// TestReadYourWrites has many writers that each read what they wrote, while
// others see each zone only as it was at one moment.
func TestReadYourWrites(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	text := func(origin string, n int) string {
		return fmt.Sprintf("@ SOA a b %d 1 1 1 1\nx TXT \"%d\"\ny CNAME x\n", n, n)
	}
	const writers, writes = 8, 200
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	for i := range writers {
		origin := fmt.Sprintf("zone%d.example.", i)
		writing.Go(func() {
			w := s.worker(UDP)
			before := parsed(t, origin, text(origin, 0))
			if err := s.Put(before); err != nil {
				t.Error(err)
			}
			for n := 1; n <= writes; n++ {
				next := parsed(t, origin, text(origin, n))
				c := zone.Change{Origin: origin, Removed: before.Records[:2], Added: next.Records[:2]}
				var err error
				switch {
				case n%50 == 0:
					s.Remove(origin)
					if got := look(t, w, "y."+origin, dns.TypeTXT); got.Rcode != dns.RcodeRefused {
						t.Errorf("removed, but: %s", got)
					}
					fallthrough
				case n%10 == 0:
					err = s.Put(next)
				default:
					err = s.Apply(c)
				}
				if err != nil {
					t.Error(err)
				}
				got := look(t, w, "y."+origin, dns.TypeTXT)
				if len(got.Answer) != 2 || got.Answer[1].(*dns.TXT).Txt[0] != fmt.Sprint(n) {
					t.Errorf("%d was written, read: %s", n, got)
				}
				before = next
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			for i := 0; !done.Load(); i++ {
				v, ok := s.Zone(fmt.Sprintf("zone%d.example.", i%writers))
				if !ok {
					continue
				}
				if x := v.Lookup("x."+v.Origin(), dns.TypeTXT); x[0].(*dns.TXT).Txt[0] != fmt.Sprint(v.Serial()) {
					t.Errorf("serial %d has %s", v.Serial(), x)
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()
	if size, records := s.table.size.Load(), s.table.records.Load(); size != writers || records != 3*writers {
		t.Errorf("%d zones, %d records are counted", size, records)
	}
}
