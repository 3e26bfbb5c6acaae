package contract

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// As soon as a domain is signed through the API, delv of BIND fully validates
// its answers, also negative ones, with the key that the API shows.
func TestSignedDomainsValidate(t *testing.T) {
	delv := needs.Program(t, "delv", "bind9-dnsutils")
	c := newNameserver(t)
	c.domain("example.com")
	c.record("example.com", `{"type":"A","name":"www","data":"192.0.2.1"}`)
	a := c.Do("GET", "/v2/domains/example.com/dnssec", "")
	if a.StatusCode != http.StatusOK || a.At("dnssec", "signed") != false || a.At("dnssec", "stage") != "unsigned" {
		t.Errorf("before: %d %s", a.StatusCode, a.Text)
	}
	a = c.Do("POST", "/v2/domains/1/dnssec", `{"type":"sign"}`)
	if a.StatusCode != http.StatusOK || a.At("dnssec", "stage") != "introduced" || a.At("dnssec", "until") == nil {
		t.Fatalf("sign: %d %s", a.StatusCode, a.Text)
	}
	anchor := filepath.Join(t.TempDir(), "anchor")
	text := fmt.Sprintf("trust-anchors { example.com. static-key 257 3 13 %q; };\n", a.At("dnssec", "keys", 0, "public_key"))
	if err := os.WriteFile(anchor, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(c.Server.Names.String())
	validated := func(name, want string) {
		t.Helper()
		out, _ := exec.CommandContext(t.Context(), delv, "@"+address.Addr().String(), "-p", fmt.Sprint(address.Port()),
			"-a", anchor, "+root=example.com", name, "A").CombinedOutput()
		if !strings.Contains(string(out), want) {
			t.Errorf("%s: want %q of\n%s", name, want, out)
		}
	}
	validated("www.example.com", "; fully validated")
	validated("new.example.com", "; negative response, fully validated")
	c.record("example.com", `{"type":"A","name":"new","data":"192.0.2.2"}`)
	validated("new.example.com", "; fully validated")
	if a := c.Do("DELETE", "/v2/domains/example.com/records/5", ""); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.Text)
	}
	validated("www.example.com", "; negative response, fully validated")
}

func TestSigningRequests(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	for _, test := range []struct {
		body   string
		status int
		want   string
	}{
		{``, 422, "Type can't be blank"},
		{`{"type":""}`, 422, "Type must be one of: sign, rollover, confirm_ds, unsign"},
		{`{"type":"resign"}`, 422, "Type must be one of: sign, rollover, confirm_ds, unsign"},
		{`{"type":"rollover"}`, 422, "A rollover can begin when the domain's signing is stable, and it is unsigned"},
		{`{"type":"unsign"}`, 200, `"stage":"unsigned"`},
		{`{"type":"sign"}`, 200, `"stage":"introduced"`},
		{`{"type":"sign"}`, 200, `"stage":"introduced"`},
		{`{"type":"unsign"}`, 200, `"stage":"leaving"`},
		{`{"type":"confirm_ds"}`, 200, `"stage":"left"`},
	} {
		if a := c.Do("POST", "/v2/domains/example.com/dnssec", test.body); a.StatusCode != test.status || !strings.Contains(a.Text, test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.body, a.StatusCode, a.Text, test.status, test.want)
		}
	}
	for _, method := range []string{"GET", "POST"} {
		if a := c.Do(method, "/v2/domains/example.net/dnssec", `{"type":"sign"}`); a.StatusCode != 404 {
			t.Errorf("%s of no domain: %d %s", method, a.StatusCode, a.Text)
		}
	}
}
