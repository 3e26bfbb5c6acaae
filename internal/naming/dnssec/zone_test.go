package dnssec

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// hardZone has the difficult cases of signing: names whose order is not that of their
// bytes, glue at and below delegations, a delegation below another one, empty
// non-terminals and wildcards.
const hardZone = zoneText + `
Z.example.com. A 192.0.2.9
\001.z A 192.0.2.9
*.z A 192.0.2.9
\200.z A 192.0.2.9
yljkjljk.a A 192.0.2.8
zABC.a.EXAMPLE.com. A 192.0.2.8
a A 192.0.2.8
deep.er.than.ent A 192.0.2.8
ns.sub A 127.0.0.1
x.y.sub TXT "occluded"
lower.sub NS elsewhere.example.net.
ns.lower.sub A 127.0.0.1
subx A 192.0.2.7
sub-x A 192.0.2.7
\000.sub A 192.0.2.7
`

func signedWhole(t failer, text string) ([]dns.RR, Keys) {
	t.Helper()
	key, err := Generate()
	if err != nil {
		t.Fatalf("%v", err)
	}
	z := signed(t, text, Keys{Stage: Stable, Key: key})
	all, err := whole(context.Background(), z.Signer, z.Records, nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return all, Keys{Stage: Stable, Key: key}
}

// whole returns a zone as a signer signs it.
func whole(ctx context.Context, by zone.Signer, records, earlier []dns.RR) (all []dns.RR, err error) {
	err = by.SignZone(ctx, records, earlier, func(rrs []dns.RR) { all = append(all, rrs...) })
	return all, err
}

func TestSignZone(t *testing.T) {
	all, keys := signedWhole(t, hardZone)
	if all[0].Header().Rrtype != dns.TypeSOA {
		t.Errorf("first is %s", all[0])
	}
	want := []string{
		"example.com. a.example.com. NS SOA MX RRSIG NSEC DNSKEY CDS CDNSKEY",
		"a.example.com. yljkjljk.a.example.com. A RRSIG NSEC",
		"yljkjljk.a.example.com. zabc.a.example.com. A RRSIG NSEC",
		"zabc.a.example.com. *.cn.example.com. A RRSIG NSEC",
		"*.cn.example.com. a.ent.example.com. CNAME RRSIG NSEC",
		"a.ent.example.com. deep.er.than.ent.example.com. A RRSIG NSEC",
		"deep.er.than.ent.example.com. far.example.com. A RRSIG NSEC",
		"far.example.com. ns1.example.com. CNAME RRSIG NSEC",
		"ns1.example.com. secure.example.com. A RRSIG NSEC",
		"secure.example.com. sub.example.com. NS DS RRSIG NSEC",
		"sub.example.com. sub-x.example.com. NS RRSIG NSEC",
		"sub-x.example.com. subx.example.com. A RRSIG NSEC",
		"subx.example.com. *.wild.example.com. A RRSIG NSEC",
		"*.wild.example.com. x.y.wild.example.com. A TXT RRSIG NSEC",
		"x.y.wild.example.com. www.example.com. A RRSIG NSEC",
		"www.example.com. z.example.com. CNAME RRSIG NSEC",
		`z.example.com. \001.z.example.com. A RRSIG NSEC`,
		`\001.z.example.com. *.z.example.com. A RRSIG NSEC`,
		`*.z.example.com. \200.z.example.com. A RRSIG NSEC`,
		`\200.z.example.com. example.com. A RRSIG NSEC`,
	}
	var chain, unsigned []string
	for _, set := range setsOf(all) {
		h := set[0].Header()
		if n, ok := set[0].(*dns.NSEC); ok {
			_, text, _ := strings.Cut(n.String(), "NSEC\t")
			chain = append(chain, h.Name+" "+text)
			if h.Ttl != 1800 { // the SOA record's own is 3600
				t.Errorf("%s has the TTL %d", h.Name, h.Ttl)
			}
		}
		if !signedBy(t, all, set, keys) {
			unsigned = append(unsigned, h.Name+" "+dns.TypeToString[h.Rrtype])
		}
	}
	if diff := cmp.Diff(want, chain); diff != "" {
		t.Errorf("the chain (-want +got):\n%s", diff)
	}
	plain := []string{`\000.sub.example.com. A`, "lower.sub.example.com. NS", "ns.lower.sub.example.com. A", "ns.sub.example.com. A",
		"secure.example.com. NS", "sub.example.com. A", "sub.example.com. NS", "x.y.sub.example.com. TXT"}
	slices.Sort(unsigned)
	if diff := cmp.Diff(plain, unsigned); diff != "" {
		t.Errorf("what has no signature (-want +got):\n%s", diff)
	}
}

// signedBy reports whether an RRset has exactly one signature, with its TTL and valid
// for two weeks.
func signedBy(t failer, all, set []dns.RR, keys Keys) bool {
	t.Helper()
	h, found := set[0].Header(), false
	v := validator{[]*dns.DNSKEY{keys.Key.DNSKEY(origin, 600)}, time.Now().Add(validity - time.Hour)}
	for _, rr := range all {
		sig, ok := rr.(*dns.RRSIG)
		if !ok || sig.Hdr.Name != h.Name || sig.TypeCovered != h.Rrtype {
			continue
		}
		if found || !v.good(sig, set) || sig.Hdr.Ttl != h.Ttl || sig.OrigTtl != h.Ttl {
			t.Errorf("%s", sig)
		}
		found = true
	}
	return found
}

// In any zone the NSEC records link all names that are not below a delegation in a
// circle.
func TestNSECRecordsLinkAllNames(t *testing.T) {
	names := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "B", "*", "abc", "-", `\000`, `\255`}), 1, 4).Draw(t, "labels"), ".")
	})
	rapid.Check(t, func(t *rapid.T) {
		text := "@ SOA ns1 host 1 2 3 4 60\n@ NS ns.example.net.\n"
		owners := []string{origin}
		var cuts []string
		for _, name := range rapid.SliceOfNDistinct(names, 0, 12, strings.ToLower).Draw(t, "owners") {
			data := rapid.SampledFrom([]string{"A 192.0.2.1", "NS ns.example.net."}).Draw(t, "data")
			text += name + " " + data + "\n"
			owners = append(owners, strings.ToLower(name)+"."+origin)
			if strings.HasPrefix(data, "NS") {
				cuts = append(cuts, strings.ToLower(name)+"."+origin)
			}
		}
		owners = slices.DeleteFunc(owners, func(name string) bool {
			return slices.ContainsFunc(cuts, func(cut string) bool { return name != cut && dns.IsSubDomain(cut, name) })
		})
		slices.SortFunc(owners, func(a, b string) int { return compareNames(t, a, b) })
		all, _ := signedWhole(t, text)
		var chain []string
		for i, n := range nsecsOf(&dns.Msg{Ns: all}) {
			chain = append(chain, n.Hdr.Name)
			if next := owners[(i+1)%len(owners)]; n.NextDomain != next {
				t.Errorf("%s leads to %s, not to %s", n.Hdr.Name, n.NextDomain, next)
			}
		}
		if diff := cmp.Diff(owners, chain); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestSignZoneRejects(t *testing.T) {
	s := NewSigner(origin, Keys{Stage: Stable, Key: newTestKey(t)}, Config{})
	soa, a := parsed(t, origin, "@ SOA ns1 host 1 2 3 4 60\n"), parsed(t, origin, "a A 192.0.2.1\n")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name    string
		ctx     context.Context
		signer  *Signer
		records []dns.RR
	}{
		{"no records", t.Context(), s, nil},
		{"no SOA", t.Context(), s, a},
		{"no key", t.Context(), NewSigner(origin, Keys{}, Config{}), soa},
		{"who asked has gone", ended, s, soa},
	} {
		if all, err := whole(test.ctx, test.signer, test.records, nil); err == nil {
			t.Errorf("%s: %v", test.name, all)
		}
	}
}

// Other programs verify a signed zone.
func TestOtherProgramsVerifyASignedZone(t *testing.T) {
	for _, test := range []struct {
		program, pkg string
		arguments    []string
	}{
		{"dnssec-verify", "bind9-utils", []string{"-z", "-o", origin}},
		{"ldns-verify-zone", "ldnsutils", nil},
	} {
		t.Run(test.program, func(t *testing.T) {
			path := needs.Program(t, test.program, test.pkg)
			all, _ := signedWhole(t, hardZone)
			verify := func(rrs []dns.RR) ([]byte, error) {
				file := filepath.Join(t.TempDir(), "zone")
				var text strings.Builder
				for _, rr := range rrs {
					fmt.Fprintln(&text, rr)
				}
				if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
					t.Fatal(err)
				}
				return exec.Command(path, append(test.arguments, file)...).CombinedOutput()
			}
			if out, err := verify(all); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			for i, rr := range all { // they do find what is missing
				if rr.Header().Rrtype == dns.TypeNSEC && rr.Header().Name == "ns1."+origin {
					if out, err := verify(slices.Delete(slices.Clone(all), i, i+2)); err == nil {
						t.Errorf("a hole is not found\n%s", out)
					}
				}
			}
		})
	}
}
