package answer

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// lines returns a zone's records as text, in one order.
func linesOf(v zonedata.View) []string {
	var all []string
	for rr := range v.Records() {
		all = append(all, rr.String())
	}
	slices.Sort(all)
	return all
}

// zoneOfText returns a zone with nothing beside it.
func zoneOfText(t testing.TB, text string) zonedata.View {
	t.Helper()
	table := zonedata.New()
	if err := table.Put(dnstest.Zone(t, "example.com.", text)); err != nil {
		t.Fatal(err)
	}
	v, _ := table.Zone("example.com.")
	return v
}

func look(t testing.TB, w *Worker, name string, rrtype uint16) *dns.Msg {
	return w.exchange(t, new(dns.Msg).SetQuestion(name, rrtype))
}

func TestPutReplaces(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": dnstest.Big})
	before, _ := w.responder.table.Zone("example.com.")
	if err := w.responder.table.Put(dnstest.Zone(t, "example.com.", dnstest.Small)); err != nil {
		t.Fatal(err)
	}
	after, _ := w.responder.table.Zone("EXAMPLE.com.")
	if want := linesOf(zoneOfText(t, dnstest.Small)); !slices.Equal(linesOf(after), want) {
		t.Error(cmp.Diff(want, linesOf(after)))
	}
	if want := linesOf(zoneOfText(t, dnstest.Big)); !slices.Equal(linesOf(before), want) {
		t.Error("a view has changed:", cmp.Diff(want, linesOf(before)))
	}
	if err := w.responder.table.Put(zone.Zone{Origin: "example.com."}); err == nil {
		t.Error("an empty zone was taken")
	}
	if got := look(t, w, "ns1.example.com.", dns.TypeA); len(got.Answer) != 1 {
		t.Errorf("a refused zone replaced what was there: %s", got)
	}
}

func TestRRsetHasOneTTL(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": dnstest.Small + "a 600 A 192.0.2.1\na 60 A 192.0.2.2\na 600 A 192.0.2.1\n"})
	want := "NOERROR aa rd\nan a.example.com. 60 A 192.0.2.1\nan a.example.com. 60 A 192.0.2.2"
	if diff := cmp.Diff(want, shown(look(t, w, "a.example.com.", dns.TypeA))); diff != "" {
		t.Error(diff)
	}
}

func TestRemove(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": dnstest.Big, "child.example.com.": dnstest.Child})
	if !w.responder.table.Remove("CHILD.example.com.") || w.responder.table.Remove("child.example.com.") || w.responder.table.Remove("no dot") {
		t.Error("Remove does not tell what was there")
	}
	if got := look(t, w, "www.child.example.com.", dns.TypeA); got.Authoritative || len(got.Ns) != 1 {
		t.Errorf("the zone above does not refer: %s", got)
	}
	if !w.responder.table.Remove("example.com.") {
		t.Error("the zone was not there")
	}
	if got := look(t, w, "www.example.com.", dns.TypeA); got.Rcode != dns.RcodeRefused {
		t.Errorf("%s", got)
	}
	if err := w.responder.table.Put(dnstest.Zone(t, "example.com.", dnstest.Small)); err != nil {
		t.Fatal(err)
	}
	if got := look(t, w, "ns1.example.com.", dns.TypeA); len(got.Answer) != 1 {
		t.Errorf("%s", got)
	}
}

// TestReadYourWrites has many writers that each read what they wrote, while
// others see each zone only as it was at one moment.
func TestReadYourWrites(t *testing.T) {
	r := respond(t, Config{}, nil)
	s := r.table
	text := func(origin string, n int) string {
		return fmt.Sprintf("@ SOA a b %d 1 1 1 1\nx TXT \"%d\"\ny CNAME x\n", n, n)
	}
	const writers, writes = 8, 200
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	for i := range writers {
		origin := fmt.Sprintf("zone%d.example.", i)
		writing.Go(func() {
			w := r.Worker(UDP)
			before := dnstest.Zone(t, origin, text(origin, 0))
			if err := s.Put(before); err != nil {
				t.Error(err)
			}
			for n := 1; n <= writes; n++ {
				next := dnstest.Zone(t, origin, text(origin, n))
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
	if size, records := s.ZoneCount(), s.RecordCount(); size != writers || records != 3*writers {
		t.Errorf("%d zones, %d records are counted", size, records)
	}
}
