package domain_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// checkzone has BIND read a zone file, and returns the records without the SOA record,
// sorted.
func checkzone(t *testing.T, origin, text string) []string {
	t.Helper()
	program := needs.Program(t, "named-checkzone", "bind9-utils")
	path := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// The flags disable checks that need addresses of hosts or other servers.
	out, err := exec.CommandContext(t.Context(), program, "-q", "-i", "none", "-k", "ignore", "-D", "-o", "-", origin, path).Output()
	if err != nil {
		t.Fatalf("named-checkzone: %v\n%s", err, text)
	}
	return sorted(t, string(out))
}

// sorted returns the records of a zone file without the SOA record, in one spelling.
func sorted(t *testing.T, text string) (all []string) {
	t.Helper()
	parser := dns.NewZoneParser(strings.NewReader(text), ".", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		if rr.Header().Rrtype != dns.TypeSOA {
			all = append(all, strings.Join(strings.Fields(rr.String()), " "))
		}
	}
	if err := parser.Err(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	slices.Sort(all)
	return all
}

// isi is the sample of RFC 1035, section 5.3, with another name of the zone. It states
// no TTL.
const isi = `
@   IN  SOA     VENERA      Action\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 600)   ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32

VAXA    A       10.2.0.27
        A       128.9.0.33
`

const services = `$TTL 1h
@ SOA ns hostmaster 1 2 3 4 5
@ NS ns.example.net.
printer._ipp._tcp TXT "txtvers=1" "qtotal=1" "rp=printers/one" "note=second floor; \"left\"" ""
printer._ipp._tcp TXT "txtvers=1qtotal=1" "rp=printers/one" "note=second floor; \"left\"" ""
plain TXT a b c ; three
plain TXT abc
plain TXT "ab" "c"
dkim TXT ( "v=DKIM1; p=LONG"
  "MORE" )
one TXT "with \\ and \195\188"
`

// An imported zone file means the same here as to BIND, and BIND reads the exported
// file the same way.
func TestBINDReadsZoneFilesTheSameWay(t *testing.T) {
	texts := strings.NewReplacer("LONG", strings.Repeat("A", 200), "MORE", strings.Repeat("B", 255)).Replace(services)
	for _, test := range []struct{ name, text string }{
		{"RFC 1035", isi},
		{"RFC 1035, and a TTL later", isi + "late 60 A 192.0.2.1\nlater A 192.0.2.2\n"},
		{"a TTL of the SOA", strings.Replace(isi, "@   IN", "@ 1200 IN", 1)},
		{"strings of texts", texts},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			file := zonefile.Parse("isi.example", 1800, test.text)
			if _, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "isi.example", File: file}); err != nil {
				t.Fatal(err)
			}
			want := checkzone(t, "isi.example", test.text)
			if diff := cmp.Diff(want, sorted(t, strings.Join(w.Server.Lines("isi.example"), "\n"))); diff != "" {
				t.Errorf("as it is served (-as BIND +got):\n%s", diff)
			}
			exported := w.File("isi.example")
			if diff := cmp.Diff(want, checkzone(t, "isi.example", exported)); diff != "" {
				t.Errorf("as BIND reads the export (-want +got):\n%s", diff)
			}
			if plan, err := w.PlanUpdate(t.Context(), w.DB, domaintest.Mine, "isi.example", domain.Change{File: zonefile.Parse("isi.example", 1800, exported)}); err != nil || len(plan.Changes) > 0 {
				t.Errorf("an import of the export would change %v, %v", planned(plan), err)
			}
		})
	}
}
