package dns

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// stubSigner makes records that look like signatures, and NSEC records whose
// text type tells what was to be denied.
type stubSigner struct{ calls *[]string }

func (s stubSigner) Sign(rrset []dns.RR) ([]dns.RR, time.Time, error) {
	h := rrset[0].Header()
	if h.Name == "bad.example.com." {
		return nil, time.Time{}, errors.New("no key")
	}
	if s.calls != nil {
		*s.calls = append(*s.calls, h.Name+" "+dns.TypeToString[h.Rrtype])
	}
	labels := dns.CountLabel(strings.TrimPrefix(h.Name, "*."))
	return []dns.RR{&dns.RRSIG{
		Hdr:         dns.RR_Header{Name: h.Name, Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: h.Ttl},
		TypeCovered: h.Rrtype, Labels: uint8(labels), OrigTtl: h.Ttl, SignerName: "example.com.", Signature: "AAAA",
	}}, time.Now().Add(time.Hour), nil
}

func (stubSigner) Deny(d zone.Denial) []dns.RR {
	kind := [...]string{"NoName", "NoType", "NoWildcardType", "Expanded", "Unsigned"}[d.Kind]
	return []dns.RR{&dns.NSEC{
		Hdr:        dns.RR_Header{Name: d.Name, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: d.SOA.Hdr.Ttl},
		NextDomain: kind + "." + d.Closest, TypeBitMap: d.Types,
	}}
}

func (stubSigner) SignZone(context.Context, []dns.RR, []dns.RR, func([]dns.RR)) error {
	return errors.New("whole zones are not signed here")
}

const signedZone = `
@ 3600 SOA ns1 hostmaster 7 10800 3600 604800 1800
@ NS ns1
@ MX 10 ns1
ns1 A 192.0.2.1
www CNAME ns1
a.ent A 192.0.2.1
*.wild A 192.0.2.2
*.cn CNAME ns1
bad A 192.0.2.3
sub NS ns.sub
ns.sub A 192.0.2.4
secure NS ns1
secure DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
`

func TestSigned(t *testing.T) {
	const (
		soa  = "NOERROR aa\nau example.com. 1800 SOA 7\nau example.com. 1800 RRSIG SOA 2"
		none = "NXDOMAIN aa\nau example.com. 1800 SOA 7\nau example.com. 1800 RRSIG SOA 2"
		ns1  = "an ns1.example.com. 300 A 192.0.2.1\nan ns1.example.com. 300 RRSIG A 3"
	)
	proof := func(name, says string) string {
		return "\nau " + name + ".example.com. 1800 NSEC " + says + "\nau " + name + ".example.com. 1800 RRSIG NSEC 3"
	}
	z := parsed(t, "example.com.", signedZone)
	z.Signer = stubSigner{}
	w := served(t, Config{}, nil)
	if err := w.server.Put(z); err != nil {
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
	z := parsed(t, "example.com.", small)
	z.Signer = stubSigner{&calls}
	w := served(t, Config{}, nil)
	if err := w.server.Put(z); err != nil {
		t.Fatal(err)
	}
	ask := func() {
		w.exchange(t, new(dns.Msg).SetQuestion("ns1.example.com.", dns.TypeA).SetEdns0(4096, true))
		w.exchange(t, new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA).SetEdns0(4096, true))
	}
	ask()
	ask()
	change := zone.Change{Origin: "example.com.", Removed: z.Records[:1], Added: parsed(t, "example.com.", strings.Replace(small, "hostmaster 1", "hostmaster 2", 1)).Records[:1]}
	if err := w.server.Apply(change); err != nil {
		t.Fatal(err)
	}
	ask()
	if want := []string{"ns1.example.com. A", "example.com. SOA", "example.com. SOA"}; !slices.Equal(calls, want) {
		t.Errorf("signed %q, want %q", calls, want)
	}
	calls = nil
	if err := w.server.SetSigner("example.com.", stubSigner{&calls}); err != nil {
		t.Fatal(err)
	}
	ask()
	ask()
	if want := []string{"ns1.example.com. A", "example.com. SOA"}; !slices.Equal(calls, want) {
		t.Errorf("another signer has signed %q, want %q", calls, want)
	}
	if err := w.server.SetSigner("example.com.", nil); err != nil {
		t.Fatal(err)
	}
	got := w.exchange(t, new(dns.Msg).SetQuestion("ns1.example.com.", dns.TypeA).SetEdns0(4096, true))
	if len(got.Answer) != 1 {
		t.Errorf("signed by nobody: %s", got)
	}
	if err := w.server.SetSigner("example.net.", nil); !errors.Is(err, ErrNoZone) {
		t.Errorf("error %v", err)
	}
}
