package answer

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

func TestSigned(t *testing.T) {
	const (
		soa  = "NOERROR aa\nau example.com. 1800 SOA 7\nau example.com. 1800 RRSIG SOA 2"
		none = "NXDOMAIN aa\nau example.com. 1800 SOA 7\nau example.com. 1800 RRSIG SOA 2"
		ns1  = "an ns1.example.com. 300 A 192.0.2.1\nan ns1.example.com. 300 RRSIG A 3"
	)
	proof := func(name, says string) string {
		return "\nau " + name + ".example.com. 1800 NSEC " + says + "\nau " + name + ".example.com. 1800 RRSIG NSEC 3"
	}
	z := dnstest.Zone(t, "example.com.", dnstest.Signed)
	z.Signer = dnstest.Signer{}
	w := served(t, Config{}, nil)
	if err := w.responder.table.Put(z); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, ask, want string }{
		{"an address", "ns1 A", "NOERROR aa\n" + ns1},
		{"hosts too", "@ MX", "NOERROR aa\nan example.com. 300 MX 10 ns1.example.com.\nan example.com. 300 RRSIG MX 2\nad ns1.example.com. 300 A 192.0.2.1\nad ns1.example.com. 300 RRSIG A 3"},
		{"CNAME", "www A", "NOERROR aa\nan www.example.com. 300 CNAME ns1.example.com.\nan www.example.com. 300 RRSIG CNAME 3\n" + ns1},
		{"no name", "none A", none + proof("none", "NoName.example.com.")},
		{"no name below a name", "x.ns1 A", none + strings.ReplaceAll(proof("x.ns1", "NoName.ns1.example.com."), "NSEC 3", "NSEC 4")},
		{"no type", "ns1 TXT", soa + proof("ns1", "NoType.ns1.example.com. A")},
		{"empty non-terminal", "ent A", soa + proof("ent", "NoType.ent.example.com.")},
		{"wildcard", "x.wild A", "NOERROR aa\nan x.wild.example.com. 300 A 192.0.2.2\nan x.wild.example.com. 300 RRSIG A 3" + strings.ReplaceAll(proof("x.wild", "Expanded.wild.example.com."), "NSEC 3", "NSEC 4")},
		{"wildcard without the type", "x.wild TXT", soa + strings.ReplaceAll(proof("x.wild", "NoWildcardType.wild.example.com. A"), "NSEC 3", "NSEC 4")},
		{"wildcard itself", "*.wild A", "NOERROR aa\nan *.wild.example.com. 300 A 192.0.2.2\nan *.wild.example.com. 300 RRSIG A 3"},
		{"CNAME at a wildcard", "x.cn A", "NOERROR aa\nan x.cn.example.com. 300 CNAME ns1.example.com.\nan x.cn.example.com. 300 RRSIG CNAME 3\n" + ns1 + strings.ReplaceAll(proof("x.cn", "Expanded.cn.example.com."), "NSEC 3", "NSEC 4")},
		{"a delegation without DS", "x.sub A", "NOERROR\nau sub.example.com. 300 NS ns.sub.example.com." + proof("sub", "Unsigned.sub.example.com. NS") + "\nad ns.sub.example.com. 300 A 192.0.2.4"},
		{"a delegation with DS", "x.secure A", "NOERROR\nau secure.example.com. 300 NS ns1.example.com.\nau secure.example.com. 300 DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\nau secure.example.com. 300 RRSIG DS 3\nad ns1.example.com. 300 A 192.0.2.1"},
		{"no DS", "sub DS", soa + proof("sub", "NoType.sub.example.com. NS")},
		{"RRSIG itself", "ns1 RRSIG", "NOERROR aa\nan ns1.example.com. 300 RRSIG A 3"},
		{"NSEC itself", "ns1 NSEC", "NOERROR aa" + strings.ReplaceAll(proof("ns1", "NoType.ns1.example.com. A"), "au ", "an ")},
		{"NSEC of a CNAME", "www NSEC", "NOERROR aa" + strings.ReplaceAll(proof("www", "NoType.www.example.com. CNAME"), "au ", "an ")},
		{"NSEC of no name", "none NSEC", none + proof("none", "NoName.example.com.")},
		{"what can't be signed", "bad A", "SERVFAIL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, rrtype, _ := strings.Cut(test.ask, " ")
			name = strings.TrimPrefix(name+".example.com.", "@.")
			got := w.exchange(t, new(dns.Msg).SetQuestion(name, typeOf(t, rrtype)).SetEdns0(4096, true))
			got.RecursionDesired = false
			if rrtype == "RRSIG" { // that of the RRSIG would have another owner's
				got.Answer = got.Answer[:1]
			}
			if diff := cmp.Diff(test.want, shownSigned(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("who does not ask for DNSSEC gets none", func(t *testing.T) {
		got := w.exchange(t, new(dns.Msg).SetQuestion("none.example.com.", dns.TypeA).SetEdns0(4096, false))
		if diff := cmp.Diff("NXDOMAIN aa rd\nau example.com. 1800 SOA 7", shown(got)); diff != "" {
			t.Error(diff)
		}
	})
}

// shownSigned is shown with RRSIG records shortened to what the stub fills in.
func shownSigned(m *dns.Msg) string {
	lines := strings.Split(shown(m), "\n")
	for i, line := range lines {
		if fields := strings.Fields(line); len(fields) > 6 && fields[3] == "RRSIG" {
			lines[i] = strings.Join([]string{fields[0], fields[1], fields[2], fields[3], fields[4], fields[6]}, " ")
		}
	}
	return strings.Join(lines, "\n")
}

// TestSignaturesAreKept holds that a signature is made once, and again only
// for what has changed.
func TestSignaturesAreKept(t *testing.T) {
	var calls []string
	z := dnstest.Zone(t, "example.com.", dnstest.Small)
	z.Signer = dnstest.Signer{Calls: &calls}
	w := served(t, Config{}, nil)
	if err := w.responder.table.Put(z); err != nil {
		t.Fatal(err)
	}
	ask := func() {
		w.exchange(t, new(dns.Msg).SetQuestion("ns1.example.com.", dns.TypeA).SetEdns0(4096, true))
		w.exchange(t, new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA).SetEdns0(4096, true))
	}
	ask()
	ask()
	change := zone.Change{Origin: "example.com.", Removed: z.Records[:1], Added: dnstest.Zone(t, "example.com.", strings.Replace(dnstest.Small, "hostmaster 1", "hostmaster 2", 1)).Records[:1]}
	if err := w.responder.table.Apply(change); err != nil {
		t.Fatal(err)
	}
	ask()
	if want := []string{"ns1.example.com. A", "example.com. SOA", "example.com. SOA"}; !slices.Equal(calls, want) {
		t.Errorf("signed %q, want %q", calls, want)
	}
	calls = nil
	if err := w.responder.table.SetSigner("example.com.", dnstest.Signer{Calls: &calls}); err != nil {
		t.Fatal(err)
	}
	ask()
	ask()
	if want := []string{"ns1.example.com. A", "example.com. SOA"}; !slices.Equal(calls, want) {
		t.Errorf("another signer has signed %q, want %q", calls, want)
	}
	if err := w.responder.table.SetSigner("example.com.", nil); err != nil {
		t.Fatal(err)
	}
	got := w.exchange(t, new(dns.Msg).SetQuestion("ns1.example.com.", dns.TypeA).SetEdns0(4096, true))
	if len(got.Answer) != 1 {
		t.Errorf("signed by nobody: %s", got)
	}
	if err := w.responder.table.SetSigner("example.net.", nil); !errors.Is(err, zonedata.ErrNoZone) {
		t.Errorf("error %v", err)
	}
}
