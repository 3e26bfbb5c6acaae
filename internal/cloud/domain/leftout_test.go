package domain_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// unsigned is a zone before it is signed.
const unsigned = `$TTL 3600
@ SOA ns1.cloud.test. hostmaster 2026010203 7200 900 1209600 300
@ NS ns1.cloud.test.
@ MX 10 mail
@ CAA 0 issue "ca.example.net"
@ A 192.0.2.3
mail AAAA 2001:db8::1
www CNAME @
*.wild TXT "any thing; here"
sub NS ns.sub
ns.sub A 192.0.2.2
`

// The import of a zone that was signed elsewhere leaves out the records of signing, and
// warns of each type.
func TestASignedZoneIsImported(t *testing.T) {
	const ds = "sub DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
	for name, flags := range map[string][]string{
		"NSEC": {}, "NSEC3": {"-3", "abcd"}, "NSEC3 with opt-out, a line each": {"-3", "-", "-A", "-O", "full"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			signed := sign(t, unsigned+ds, flags...)
			if _, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, signed)}); err != nil {
				t.Fatal(err)
			}
			plain := unsigned
			p, err := w.PlanUpdate(t.Context(), w.DB, domaintest.Mine, "example.com", domain.Change{File: zonefile.Parse("example.com", 1800, plain)})
			if err != nil || p.Create+p.Update+p.Delete > 0 || p.Unchanged != 9 {
				t.Errorf("it is not the zone that was signed: %v, %v", planned(p), err)
			}
			told := strings.Join(domaintest.Problems(zonefile.Parse("example.com", 1800, signed).Problems), "\n")
			kind, _, _ := strings.Cut(name, " ")
			for _, want := range []string{"type: RRSIG records are left out, all ", "type: DNSKEY records are left out, all 2: the name server makes its own",
				"type: " + kind + " records are left out, all ", "type: DS records are left out: domains have no such records here"} {
				if strings.Count(told, want) != 1 {
					t.Errorf("%q is not told once:\n%s", want, told)
				}
			}
		})
	}
}

// sign has BIND sign a zone file of example.com.
func sign(t *testing.T, file string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, output)
		}
	}
	needs.Program(t, "dnssec-signzone", "bind9-utils")
	if err := os.WriteFile(filepath.Join(dir, "zone"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "example.com")
	run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "example.com")
	run("dnssec-signzone", append(flags, "-S", "-o", "example.com", "-f", "signed", "zone")...)
	text, err := os.ReadFile(filepath.Join(dir, "signed"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
