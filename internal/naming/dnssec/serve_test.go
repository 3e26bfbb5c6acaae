package dnssec

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const zoneText = `
@ 3600 SOA ns1 hostmaster 7 10800 3600 604800 1800
@ NS ns1
@ MX 10 ns1
ns1 A 192.0.2.1
www CNAME ns1
far CNAME none
a.ent A 192.0.2.1
*.wild A 192.0.2.2
*.wild TXT "wild"
x.y.wild A 192.0.2.5
*.cn CNAME ns1
sub NS sub
sub A 127.0.0.1
secure NS ns1
secure DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
`

// deep and bare have room for one more label of 44 bytes. Below deep is a wildcard.
var (
	deep = longLabel("b") + "." + longLabel("c") + "." + longLabel("d") + ".deep"
	bare = longLabel("b") + "." + longLabel("c") + "." + longLabel("d") + ".bare"
)

func longLabel(char string) string { return strings.Repeat(char, maxLabel) }

// lastLabel is a label of 44 bytes.
func lastLabel(char, end string) string { return strings.Repeat(char, 43) + end }

// longZone has names of the greatest length.
var longZone = zoneText +
	"*." + deep + " A 192.0.2.1\n" +
	lastLabel("w", "w") + "." + deep + " TXT w\n" +
	lastLabel("w", "w") + "." + bare + " TXT w\n" +
	strings.Repeat("z", 42) + "." + bare + " TXT z\n"

func parsed(t failer, origin, text string) []mdns.RR {
	t.Helper()
	var rrs []mdns.RR
	p := mdns.NewZoneParser(strings.NewReader("$TTL 300\n"+text), origin, "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rrs = append(rrs, rr)
	}
	if err := p.Err(); err != nil {
		t.Fatalf("%v", err)
	}
	return rrs
}

func started(t testing.TB, zones ...zone.Zone) *dns.Server {
	t.Helper()
	s, _ := serve(t, zones...)
	return s
}

// serve is started, and returns the table of the zones.
func serve(t testing.TB, zones ...zone.Zone) (*dns.Server, *zonedata.Table) {
	t.Helper()
	table := zonedata.New()
	s, err := dns.New(table, dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Sockets: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range zones {
		if err := table.Put(z); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, table
}

// signed returns a zone with the records and the signer of a key.
func signed(t failer, text string, keys Keys) zone.Zone {
	t.Helper()
	return zone.Zone{
		Origin:  origin,
		Records: append(parsed(t, origin, text), keys.Records(origin, 600)...),
		Signer:  NewSigner(origin, keys, Config{Cache: NewCache(1000)}),
	}
}

func ask(t failer, s *dns.Server, name string, rrtype uint16, do bool) *mdns.Msg {
	t.Helper()
	client := &mdns.Client{UDPSize: 4096, Timeout: 10 * time.Second}
	m, _, err := client.Exchange(new(mdns.Msg).SetQuestion(name, rrtype).SetEdns0(4096, do), s.Addresses()[0].String())
	if err == nil && m.Truncated {
		client.Net = "tcp"
		m, _, err = client.Exchange(new(mdns.Msg).SetQuestion(name, rrtype).SetEdns0(4096, do), s.Addresses()[0].String())
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

func typeOf(text string) uint16 { return mdns.StringToType[text] }

func TestServed(t *testing.T) {
	keys := Keys{Stage: Stable, Key: newTestKey(t)}
	s := started(t, signed(t, longZone, keys))
	v := validator{[]*mdns.DNSKEY{keys.Key.DNSKEY(origin, 600)}, time.Now()}
	for _, test := range []struct {
		ask         string
		rcode       int
		answers     int // signatures too
		authorities int
	}{
		{"ns1 A", 0, 2, 0},
		{"@ SOA", 0, 2, 0},
		{"@ DNSKEY", 0, 2, 0},
		{"@ CDS", 0, 2, 0},
		{"@ CDNSKEY", 0, 2, 0},
		{"@ TXT", 0, 0, 4},
		{"www A", 0, 4, 0},
		{"far A", 3, 2, 6},
		{"none A", 3, 0, 6},
		{"a.b.none A", 3, 0, 6},
		{"x.ns1 A", 3, 0, 6},
		{"*.ns1 A", 3, 0, 4},
		{"x.a.ent A", 3, 0, 6},
		{"ent A", 0, 0, 4},
		{"ns1 TXT", 0, 0, 4},
		{"v.wild A", 0, 2, 2},
		{"v.u.wild A", 0, 2, 2},
		{"*.wild A", 0, 2, 0},
		{"v.wild AAAA", 0, 0, 6},
		{"y.wild A", 0, 0, 4},
		{"v.y.wild A", 3, 0, 6},
		{"v.cn A", 0, 4, 2},
		{"v.cn TXT", 0, 2, 6},
		{"sub DS", 0, 0, 4},
		{"x.sub A", 0, 0, 3},
		{"secure DS", 0, 2, 0},
		{"x.secure A", 0, 0, 3},

		{lastLabel("x", "x") + "." + deep + " A", 0, 2, 2},
		{lastLabel("x", "x") + "." + deep + " AAAA", 0, 0, 6},
		{lastLabel("w", "x") + "." + deep + " A", 0, 2, 2}, // what exists is right before
		{lastLabel("w", "w") + "." + deep + " A", 0, 0, 4},
		{lastLabel("x", `\000`) + "." + deep + " A", 0, 2, 2},
		{lastLabel(`\255`, `\255`) + "." + deep + " A", 0, 2, 2},
		{lastLabel("w", "x") + "." + bare + " A", 3, 0, 6},
		{lastLabel("w", "w") + "." + bare + " A", 0, 0, 4},
		{"x." + strings.Repeat("z", 42) + "." + bare + " A", 3, 0, 6},
		{"*." + strings.Repeat("z", 42) + "." + bare + " A", 3, 0, 4},
		{longLabel(`\255`) + " A", 3, 0, 6},
		{"x." + longLabel(`\255`) + " A", 3, 0, 6},
		{longLabel(`\255`) + ".wild A", 0, 2, 2},
		{longLabel(`\255`) + "." + longLabel(`\255`) + ".ns1 A", 3, 0, 6},
		{`\000.ns1 A`, 3, 0, 6},
		{`\000.ent A`, 3, 0, 6},
		{`\000 A`, 3, 0, 6},
		{`\000.wild A`, 0, 2, 2},
	} {
		t.Run(test.ask, func(t *testing.T) {
			name, rrtype, _ := strings.Cut(test.ask, " ")
			m := ask(t, s, strings.TrimPrefix(name+"."+origin, "@."), typeOf(rrtype), true)
			if m.Rcode != test.rcode || len(m.Answer) != test.answers || len(m.Ns) != test.authorities {
				t.Errorf("%s", m)
			}
			v.check(t, m)
		})
	}
}

// In random zones and for random queries, all answers are signed, denials prove the
// absence, and none covers a name that exists.
func TestAnswersOfRandomZonesValidate(t *testing.T) {
	keys := Keys{Stage: Stable, Key: newTestKey(t)}
	s, table := serve(t)
	v := validator{[]*mdns.DNSKEY{keys.Key.DNSKEY(origin, 600)}, time.Now()}
	short := rapid.Custom(func(t *rapid.T) string {
		labels := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "*", "abc", "-", "z", `\000`, longLabel(`\255`)}), 1, 3).Draw(t, "labels")
		return strings.Join(labels, ".")
	})
	long := rapid.Map(rapid.SampledFrom([]string{
		lastLabel("w", "w"), lastLabel("w", "x"), lastLabel("w", `\000`), strings.Repeat("w", 43), lastLabel(`\255`, `\255`), "*", `\000`,
	}), func(label string) string { return label + "." + deep })
	names := rapid.OneOf(short, long)
	rapid.Check(t, func(t *rapid.T) {
		owners := rapid.SliceOfNDistinct(names, 0, 8, rapid.ID[string]).Draw(t, "owners")
		text := "@ SOA ns1 host 1 2 3 4 60\n@ NS ns.example.net.\n"
		var exist []string
		types := map[string]uint16{}
		for _, owner := range owners {
			data := rapid.SampledFrom([]string{"A 192.0.2.1", "TXT x", "CNAME a", "CNAME b.abc", "NS ns.example.net."}).Draw(t, "data")
			text += owner + " " + data + "\n"
			rrtype, _, _ := strings.Cut(data, " ")
			types[owner+"."+origin] = typeOf(rrtype)
			if !strings.HasPrefix(data, "NS") {
				exist = append(exist, owner+"."+origin)
			}
		}
		if err := table.Put(signed(t, text, keys)); err != nil {
			t.Fatalf("%v", err)
		}
		for range 10 {
			name := names.Draw(t, "name") + "." + origin
			rrtype := rapid.SampledFrom([]uint16{mdns.TypeA, mdns.TypeTXT, mdns.TypeDS}).Draw(t, "type")
			m, plain := ask(t, s, name, rrtype, true), ask(t, s, name, rrtype, false)
			if m.Rcode != plain.Rcode {
				t.Errorf("%s without DNSSEC, %s with it", mdns.RcodeToString[plain.Rcode], mdns.RcodeToString[m.Rcode])
			}
			v.check(t, m)
			for _, n := range nsecsOf(m) {
				if rrtype, ok := types[n.Hdr.Name]; ok && !has(n, rrtype) {
					t.Errorf("%s denies the %s of its owner", n, mdns.TypeToString[rrtype])
				}
				for _, e := range exist {
					if len(n.TypeBitMap) == 2 && covers(t, n, e) {
						t.Errorf("%s covers %s", n, e)
					}
				}
			}
		}
	})
}

func BenchmarkSigner(b *testing.B) {
	s := NewSigner(origin, Keys{Stage: Stable, Key: newTestKey(b)}, Config{Cache: NewCache(1000)})
	soa := &mdns.SOA{Hdr: header(origin, mdns.TypeSOA, 60)}
	for _, bench := range []struct {
		name  string
		names int
	}{{"warm", 100}, {"cold", 1_000_000}} {
		b.Run(bench.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				d := zone.Denial{Kind: zone.NoName, Name: fmt.Sprintf("n%d.", i%bench.names) + origin, Closest: origin, SOA: soa}
				for _, rr := range s.Deny(d) {
					if _, _, err := s.Sign([]mdns.RR{rr}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkServed queries by UDP, one query after another.
func BenchmarkServed(b *testing.B) {
	s := started(b, signed(b, zoneText, Keys{Stage: Stable, Key: newTestKey(b)}))
	conn, err := mdns.Dial("udp", s.Addresses()[0].String())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := &mdns.Client{UDPSize: 4096}
	for _, bench := range []struct{ name, ask string }{{"positive", "ns1."}, {"NXDOMAIN, warm", "none."}, {"NXDOMAIN, cold", "none%d."}} {
		b.Run(bench.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				name := strings.Replace(bench.ask, "%d", fmt.Sprint(i), 1) + origin
				if _, _, err := client.ExchangeWithConn(new(mdns.Msg).SetQuestion(name, mdns.TypeA).SetEdns0(4096, true), conn); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
