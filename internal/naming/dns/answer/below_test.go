package answer

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

const above = `
@ 3600 SOA ns1 hostmaster 7 10800 3600 604800 1800
both NS ns.both
own NS ns.own
own DS 1 ` + dnstest.Digest + `
occluded A 192.0.2.1
mail.occluded A 192.0.2.1
mx MX 10 mail.occluded
*.wild A 192.0.2.2
cut NS ns.example.net.
tosub CNAME sub
tosecure CNAME secure
toboth CNAME x.both
tobetween CNAME between
`

// put puts a zone that may have DS records in the zone above.
func (w *Worker) put(t testing.TB, origin string, ds ...string) {
	t.Helper()
	if err := w.responder.table.Put(dnstest.Delegated(t, origin, ds...)); err != nil {
		t.Fatal(err)
	}
}

// askSigned asks with DNSSEC for a name below example.com.
func (w *Worker) askSigned(t *testing.T, ask string) string {
	t.Helper()
	name, rrtype, _ := strings.Cut(ask, " ")
	m := new(dns.Msg).SetQuestion(name+".example.com.", typeOf(t, rrtype)).SetEdns0(4096, true)
	m.RecursionDesired = false
	return shownSigned(w.exchange(t, m))
}

// TestZonesBelow holds that a zone answers for those of ours below it as if it
// delegated them.
func TestZonesBelow(t *testing.T) {
	const (
		soa  = "NOERROR aa\nau example.com. 1800 SOA 7\nau example.com. 1800 RRSIG SOA 2"
		none = "NXDOMAIN aa\nau example.com. 1800 SOA 7\nau example.com. 1800 RRSIG SOA 2"
	)
	proof := func(name, says string) string {
		labels := string(rune('0' + strings.Count(name, ".") + 3))
		return "\nau " + name + ".example.com. 1800 NSEC " + says + "\nau " + name + ".example.com. 1800 RRSIG NSEC " + labels
	}
	alias := func(from, to string) string {
		return "NOERROR aa\nan " + from + ".example.com. 300 CNAME " + to + ".example.com.\nan " + from + ".example.com. 300 RRSIG CNAME 3"
	}
	ds := func(name, data string) string {
		return "\nan " + name + ".example.com. 300 DS " + data + "\nan " + name + ".example.com. 300 RRSIG DS 3"
	}
	w := served(t, Config{}, nil)
	z := dnstest.Zone(t, "example.com.", above)
	z.Signer = dnstest.Signer{}
	if err := w.responder.table.Put(z); err != nil {
		t.Fatal(err)
	}
	w.put(t, "sub.example.com.")
	w.put(t, "below.sub.example.com.", "6 "+dnstest.Digest)
	w.put(t, "secure.example.com.", "2 "+dnstest.Digest, "3 "+dnstest.Digest, "2 "+dnstest.Digest)
	w.put(t, "both.example.com.", "4 "+dnstest.Digest)
	w.put(t, "own.example.com.", "5 "+dnstest.Digest)
	w.put(t, "occluded.example.com.")
	w.put(t, "far.between.example.com.")
	w.put(t, "x.wild.example.com.")
	w.put(t, "x.cut.example.com.", "7 "+dnstest.Digest)
	w.put(t, "far.y.wild.example.com.")
	for _, test := range []struct{ name, ask, want string }{
		{"no DS", "sub DS", soa + proof("sub", "NoType.sub.example.com. NS")},
		{"DS", "secure DS", "NOERROR aa\nan secure.example.com. 300 DS 2 " + dnstest.Digest + ds("secure", "3 "+dnstest.Digest)},
		{"DS beside the parent's NS", "both DS", "NOERROR aa" + ds("both", "4 "+dnstest.Digest)},
		{"the parent's DS wins", "own DS", "NOERROR aa" + ds("own", "1 "+dnstest.Digest)},
		{"what the parent has there is not its own", "occluded DS", soa + proof("occluded", "NoType.occluded.example.com. NS")},
		{"nor is it signed", "mx MX", "NOERROR aa\nan mx.example.com. 300 MX 10 mail.occluded.example.com.\nan mx.example.com. 300 RRSIG MX 3\nad mail.occluded.example.com. 300 A 192.0.2.1"},
		{"names between", "between A", soa + proof("between", "NoType.between.example.com.")},
		{"DS below names between", "far.between DS", soa + proof("far.between", "NoType.far.between.example.com. NS")},
		{"beside it", "near.between A", none + proof("near.between", "NoName.between.example.com.")},
		{"a wildcard does not cover it", "x.wild DS", soa + proof("x.wild", "NoType.x.wild.example.com. NS")},
		{"nor names between", "y.wild A", soa + proof("y.wild", "NoType.y.wild.example.com.")},
		{"nor what is below them", "near.y.wild A", none + proof("near.y.wild", "NoName.y.wild.example.com.")},
		{"but others", "z.wild A", "NOERROR aa\nan z.wild.example.com. 300 A 192.0.2.2\nan z.wild.example.com. 300 RRSIG A 3" + proof("z.wild", "Expanded.wild.example.com.")},
		{"a name that is not there", "none A", none + proof("none", "NoName.example.com.")},
		{"CNAME to one", "tosub A", alias("tosub", "sub")},
		{"CNAME to below one", "toboth A", alias("toboth", "x.both")},
		{"CNAME to one's DS", "tosecure DS", alias("tosecure", "secure") + "\nan secure.example.com. 300 DS 2 " + dnstest.Digest + ds("secure", "3 "+dnstest.Digest)},
		{"CNAME to names between", "tobetween A", alias("tobetween", "between") + "\n" + strings.TrimPrefix(soa, "NOERROR aa\n") + proof("between", "NoType.between.example.com.")},
		{"the parent's own delegation above it", "x.cut DS", "NOERROR\nau cut.example.com. 300 NS ns.example.net." + proof("cut", "Unsigned.cut.example.com. NS")},
		{"the nearest is the parent", "below.sub DS", "NOERROR aa\nan below.sub.example.com. 300 DS 6 " + dnstest.Digest},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, w.askSigned(t, test.ask)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestZonesBelowChange holds that the zone above answers by what is below it
// now.
func TestZonesBelowChange(t *testing.T) {
	w := served(t, Config{}, nil)
	z := dnstest.Zone(t, "example.com.", above)
	z.Signer = dnstest.Signer{}
	if err := w.responder.table.Put(z); err != nil {
		t.Fatal(err)
	}
	expect := func(ask, want string) {
		t.Helper()
		if got := w.askSigned(t, ask); !strings.HasPrefix(got, want) {
			t.Errorf("%s: want %s\ngot %s", ask, want, got)
		}
	}
	const soa = "\nau example.com. 1800 SOA"
	w.put(t, "a.b.example.com.", "1 "+dnstest.Digest)
	expect("a.b DS", "NOERROR aa\nan a.b.example.com. 300 DS 1 "+dnstest.Digest+"\nan a.b.example.com. 300 RRSIG DS 4")
	w.put(t, "a.b.example.com.", "2 "+dnstest.Digest)
	expect("a.b DS", "NOERROR aa\nan a.b.example.com. 300 DS 2 ")
	if err := w.responder.table.SetSigner("a.b.example.com.", nil); err != nil {
		t.Fatal(err)
	}
	change := zone.Change{Origin: "a.b.example.com.", Removed: dnstest.Zone(t, "a.b.example.com.", dnstest.Tiny).Records[:1], Added: dnstest.Zone(t, "a.b.example.com.", dnstest.Small).Records[:1]}
	if err := w.responder.table.Apply(change); err != nil {
		t.Fatal(err)
	}
	expect("a.b DS", "NOERROR aa\nan a.b.example.com. 300 DS 2 ")
	w.put(t, "a.b.example.com.")
	expect("a.b DS", "NOERROR aa"+soa)
	w.put(t, "b.example.com.")
	expect("a.b DS", "NOERROR aa\nau b.example.com. 1 SOA 9")
	expect("b DS", "NOERROR aa"+soa)
	w.responder.table.Remove("b.example.com.")
	expect("a.b DS", "NOERROR aa"+soa)
	expect("b A", "NOERROR aa"+soa)
	w.responder.table.Remove("a.b.example.com.")
	expect("a.b DS", "NXDOMAIN aa"+soa)
	expect("b A", "NXDOMAIN aa"+soa)
	w.responder.table.Remove("example.com.")
}

// TestZonesBelowModel compares a zone that has others below it, and a copy of it
// that has none, with one that delegates them by records.
func TestZonesBelowModel(outer *testing.T) {
	const origin = "example."
	rapid.Check(outer, func(t *rapid.T) {
		hosting, delegating, copied := served(outer, Config{}, nil), served(outer, Config{}, nil), served(outer, Config{}, nil)
		hosting.transport, delegating.transport, copied.transport = TCP, TCP, TCP
		m := model{origin: origin, records: []dns.RR{soaRecord(t, origin, 0)}}
		inside := names(origin).Filter(func(n string) bool { return dns.IsSubDomain(origin, n) && n != origin && !strings.Contains(n, "*") })
		children := rapid.SliceOfNDistinct(inside, 0, 4, rapid.ID).Draw(t, "children")
		// below returns the uppermost child that a name is in.
		below := func(name string) (top string) {
			for _, child := range children {
				if dns.IsSubDomain(child, name) && (top == "" || dns.IsSubDomain(child, top)) {
					top = child
				}
			}
			return top
		}
		for _, r := range rapid.SliceOfN(records(origin), 0, 12).Draw(t, "records") {
			if m.fits(r) && below(r.Header().Name) == "" {
				m.records = append(m.records, r)
			}
		}
		put := func(w *Worker, z zone.Zone) {
			if err := w.responder.table.Put(z); err != nil {
				t.Fatal(err)
			}
		}
		put(hosting, zone.Zone{Origin: origin, Records: m.records, Signer: dnstest.Signer{}})
		for _, child := range children {
			ns := dnstest.Record(outer, child+" 300 IN NS ns.elsewhere.")
			z := zone.Zone{Origin: child, Records: []dns.RR{soaRecord(t, child, 9), ns}}
			if rapid.Bool().Draw(t, "DS") {
				z.DS = []dns.RR{dnstest.Record(outer, child+" 300 IN DS 1 "+dnstest.Digest)}
			}
			put(hosting, z)
			if below(child) == child {
				m.records = append(append(m.records, ns), z.DS...)
			}
		}
		put(delegating, zone.Zone{Origin: origin, Records: m.records, Signer: dnstest.Signer{}})
		v, _ := hosting.responder.table.Zone(origin)
		put(copied, zone.Zone{Origin: origin, Records: slices.Collect(v.Copy()), Signer: dnstest.Signer{}})
		for range 20 {
			name := names(origin).Filter(func(n string) bool { return dns.IsSubDomain(origin, n) }).Draw(t, "name")
			rrtype := rapid.SampledFrom([]uint16{dns.TypeA, dns.TypeNS, dns.TypeMX, dns.TypeDS, dns.TypeANY}).Draw(t, "type")
			if top := below(name); top != "" && (top != name || rrtype != dns.TypeDS) {
				continue // which is for the child to answer
			}
			query := new(dns.Msg).SetQuestion(name, rrtype).SetEdns0(4096, true)
			got, want := hosting.exchange(outer, query), delegating.exchange(outer, query)
			if diff := cmp.Diff(sorted(want.Copy()), sorted(copied.exchange(outer, query))); diff != "" {
				t.Fatalf("%s %s, zones %q below\n%s\n(-delegating +copied):\n%s", name, dns.TypeToString[rrtype], children, m, diff)
			}
			if len(want.Answer) > 0 && len(want.Ns) > 0 && want.Ns[0].Header().Rrtype == dns.TypeNS && below(want.Ns[0].Header().Name) != "" {
				// A CNAME led to the child: no referral comes with it.
				want.Ns, want.Extra = got.Ns, got.Extra
			}
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
				t.Fatalf("%s %s, zones %q below\n%s\n(-delegating +hosting):\n%s", name, dns.TypeToString[rrtype], children, m, diff)
			}
		}
	})
}
