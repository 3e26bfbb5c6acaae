package contract

import (
	"fmt"
	"net/http"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// texts returns the strings of the TXT records of a name in an answer or a
// zone transfer.
func texts(name string, records []dns.RR) (all []string) {
	for _, rr := range records {
		if txt, ok := rr.(*dns.TXT); ok && rr.Header().Name == name {
			all = append(all, strings.Join(txt.Txt, "|"))
		}
	}
	slices.Sort(all)
	return all
}

// The strings of a text remain unchanged in the API, in exported and imported
// zone files, in answers, in zone transfers, and in signed domains.
func TestTextsKeepTheirStrings(t *testing.T) {
	c := newNameserver(t, func(s *server.Config) { s.Names.Transfer.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	c.domain("example.com")
	const name = "printer._ipp._tcp"
	data := []string{`"txtvers=1" "qtotal=1"`, `txtvers=1qtotal=1`, `"txtvers=" "1qtotal=1"`, `"say \"hi\"" "" "ü"`}
	want := []string{`say \"hi\"||\195\188`, "txtvers=1qtotal=1", "txtvers=1|qtotal=1", "txtvers=|1qtotal=1"}
	for _, text := range data {
		a := c.Do("POST", "/v2/domains/example.com/records", fmt.Sprintf(`{"type":"TXT","name":%q,"data":%q}`, name, text))
		if a.StatusCode != http.StatusCreated || a.At("domain_record", "data") != text {
			t.Fatalf("%s: %d %s", text, a.StatusCode, a.Text)
		}
		again := c.Do("PATCH", fmt.Sprintf("/v2/domains/example.com/records/%v", a.At("domain_record", "id")), fmt.Sprintf(`{"type":"TXT","data":%q}`, text))
		if again.StatusCode != http.StatusOK || again.At("domain_record", "data") != text {
			t.Errorf("%s, given back: %d %s", text, again.StatusCode, again.Text)
		}
	}
	file := c.Do("GET", "/v2/domains/example.com", "").At("domain", "zone_file").(string)
	moved := c.Do("POST", "/v2/domains", fmt.Sprintf(`{"name":"example.net","zone_file":%q}`, strings.ReplaceAll(file, "example.com.", "example.net.")))
	if moved.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %d %s", file, moved.StatusCode, moved.Text)
	}
	var shown []string
	for _, item := range c.Do("GET", "/v2/domains/example.net/records?type=TXT", "").At("domain_records").([]any) {
		shown = append(shown, item.(map[string]any)["data"].(string))
	}
	if diff := cmp.Diff(data, shown); diff != "" {
		t.Errorf("a domain made of the zone file (-want +got):\n%s", diff)
	}
	address := c.Server.Names.Addresses()[0].String()
	for _, when := range []string{"unsigned", "signed"} {
		for _, origin := range []string{"example.com.", "example.net."} {
			if diff := cmp.Diff(want, texts(name+"."+origin, c.ask(name+"."+origin, dns.TypeTXT).Answer)); diff != "" {
				t.Errorf("%s, %s as it is answered (-want +got):\n%s", origin, when, diff)
			}
			envelopes, err := new(dns.Transfer).In(new(dns.Msg).SetAxfr(origin), address)
			if err != nil {
				t.Fatal(err)
			}
			var copied []dns.RR
			for e := range envelopes {
				if e.Error != nil {
					t.Fatal(e.Error)
				}
				copied = append(copied, e.RR...)
			}
			if diff := cmp.Diff(want, texts(name+"."+origin, copied)); diff != "" {
				t.Errorf("%s, %s as it is copied (-want +got):\n%s", origin, when, diff)
			}
			if a := c.Do("POST", "/v2/domains/"+strings.TrimSuffix(origin, ".")+"/dnssec", `{"type":"sign"}`); a.StatusCode != http.StatusOK {
				t.Fatal(a.Text)
			}
		}
	}
	dig := needs.Program(t, "dig", "bind9-dnsutils")
	to := netip.MustParseAddrPort(address)
	out, err := exec.CommandContext(t.Context(), dig, "@"+to.Addr().String(), "-p", fmt.Sprint(to.Port()), "+short", name+".example.com", "TXT").Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	if diff := cmp.Diff([]string{`"say \"hi\"" "" "\195\188"`, `"txtvers=" "1qtotal=1"`, `"txtvers=1" "qtotal=1"`, `"txtvers=1qtotal=1"`}, lines); diff != "" || err != nil {
		t.Errorf("dig: %v (-want +got):\n%s", err, diff)
	}
}

// The TTL of the request takes precedence over the minimum of the SOA record
// in the zone file, which takes precedence over the TTL of the domain.
func TestZoneFilesWithoutATTL(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	for _, test := range []struct {
		parameters string
		ttl        float64
		told       bool
	}{
		{`"zone_file":"@ SOA a b 1 2 3 4 700\nwww A 192.0.2.1\n"`, 700, true},
		{`"ttl":900,"zone_file":"@ SOA a b 1 2 3 4 700\nwww A 192.0.2.1\n"`, 900, false},
		{`"zone_file":"www A 192.0.2.1\n"`, 1800, false},
	} {
		for _, request := range [][3]string{{"POST", "/v2/domains", `{"name":"example.net","dry_run":true,`}, {"PATCH", "/v2/domains/example.com", `{"dry_run":true,`}} {
			a := c.Do(request[0], request[1], request[2]+test.parameters+"}")
			var ttl any
			changes, _ := a.At("plan", "changes").([]any)
			for i := range changes {
				if a.At("plan", "changes", i, "record", "name") == "www" {
					ttl = a.At("plan", "changes", i, "record", "ttl")
				}
			}
			if ttl != test.ttl || strings.Contains(a.Text, "No TTL is stated: the minimum of the SOA record is taken, 700") != test.told {
				t.Errorf("%s by %s: TTL %v, %d %s", test.parameters, request[0], ttl, a.StatusCode, a.Text)
			}
		}
	}
}
