package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// A domain that is signed through the API is fully validated by BIND's delv at
// once, by the key that the API shows; after unsigned ones nothing else is.
func TestSignedDomainsValidate(t *testing.T) {
	delv := needs.Program(t, "delv", "bind9-dnsutils")
	c := newNameserver(t)
	c.domain("example.com")
	c.record("example.com", `{"type":"A","name":"www","data":"192.0.2.1"}`)
	a := c.do("GET", "/v2/domains/example.com/dnssec", "")
	if a.StatusCode != http.StatusOK || a.at("dnssec", "signed") != false || a.at("dnssec", "stage") != "unsigned" {
		t.Errorf("before: %d %s", a.StatusCode, a.text)
	}
	a = c.do("POST", "/v2/domains/1/dnssec", `{"type":"sign"}`)
	if a.StatusCode != http.StatusOK || a.at("dnssec", "stage") != "introduced" || a.at("dnssec", "until") == nil {
		t.Fatalf("sign: %d %s", a.StatusCode, a.text)
	}
	anchor := filepath.Join(t.TempDir(), "anchor")
	text := fmt.Sprintf("trust-anchors { example.com. static-key 257 3 13 %q; };\n", a.at("dnssec", "keys", 0, "public_key"))
	if err := os.WriteFile(anchor, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(c.cloud.names.String())
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
	if a := c.do("DELETE", "/v2/domains/example.com/records/5", ""); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.text)
	}
	validated("www.example.com", "; negative response, fully validated")
}

func TestSigningsRequests(t *testing.T) {
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
		if a := c.do("POST", "/v2/domains/example.com/dnssec", test.body); a.StatusCode != test.status || !strings.Contains(a.text, test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.body, a.StatusCode, a.text, test.status, test.want)
		}
	}
	for _, method := range []string{"GET", "POST"} {
		if a := c.do(method, "/v2/domains/example.net/dnssec", `{"type":"sign"}`); a.StatusCode != 404 {
			t.Errorf("%s of no domain: %d %s", method, a.StatusCode, a.text)
		}
	}
}

// A stage of keys lasts until every name server has it that may be there.
func TestPropagation(t *testing.T) {
	for name, test := range map[string]struct {
		c    serveCommand
		want time.Duration
	}{
		"alone":                    {serveCommand{}, time.Minute},
		"a secondary that is told": {serveCommand{namesFlags: namesFlags{transferFlags: transferFlags{Secondary: make([]secondary, 1)}}}, domain.SecondaryLag},
		"whoever may copy":         {serveCommand{namesFlags: namesFlags{transferFlags: transferFlags{TransferAllow: make([]netip.Prefix, 1)}}}, domain.SecondaryLag},
		"whoever has the key":      {serveCommand{namesFlags: namesFlags{transferFlags: transferFlags{TransferKey: make([]transferKey, 1)}}}, domain.SecondaryLag},
		"other nodes' secondaries": {serveCommand{dataFlag: dataFlag{Database: "postgres://a@b/c"}}, domain.SecondaryLag},
	} {
		if got := test.c.propagation(); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
