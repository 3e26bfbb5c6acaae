package main

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
)

// newTLSClient is a client of a cloud that speaks HTTPS: by HTTP/2, but for
// what it dials itself.
func newTLSClient(t *testing.T, change ...func(*serveCommand)) *client {
	t.Helper()
	authority := certificatetest.NewAuthority(t)
	c := newClient(t, append(change, byTLS(t, authority))...)
	c.trust(authority)
	return c
}

// byTLS has a cloud speak TLS, with a certificate of an authority.
func byTLS(t *testing.T, authority *certificatetest.Authority) func(*serveCommand) {
	return func(s *serveCommand) {
		s.TLSCertificate, s.TLSKey = authority.Issue(t, t.TempDir(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	}
}

// trust has the client know an authority.
func (c *client) trust(authority *certificatetest.Authority) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool}, ForceAttemptHTTP2: true}
	c.t.Cleanup(transport.CloseIdleConnections)
	c.roots, c.http = authority.Pool, transport
}

// bothWays runs a test over TCP and over TLS.
func bothWays(t *testing.T, test func(*client, *testing.T), change ...func(*serveCommand)) {
	t.Run("TCP", func(t *testing.T) { test(newClient(t, change...), t) })
	t.Run("TLS", func(t *testing.T) { test(newTLSClient(t, change...), t) })
}

// The API's life of a droplet and of its errors is the same by HTTPS, and its
// URLs are of HTTPS.
func TestTheAPIByHTTPS(t *testing.T) {
	c := newTLSClient(t)
	created := c.create(goodDroplet)
	if want := c.url + "/v2/droplets/1"; created.Proto != "HTTP/2.0" || created.Header.Get("Location") != want || !strings.HasPrefix(want, "https://") {
		t.Errorf("%s, Location %q", created.Proto, created.Header.Get("Location"))
	}
	if a := c.do("GET", "/panel", ""); !strings.Contains(a.text, "DIGITALOCEAN_API_URL="+c.url+"\n") {
		t.Errorf("the panel: %s", a.text)
	}
	if a := c.do("POST", "/v2/droplets", "{"); a.StatusCode != 400 || a.body["id"] != "bad_request" {
		t.Errorf("a broken body: %d %s", a.StatusCode, a.text)
	}
	if a := c.do("GET", "/v2/account", "", "X-A", strings.Repeat("a", 50_000)); a.StatusCode != 200 {
		t.Errorf("a long header: %d %s", a.StatusCode, a.text)
	}
	if a := c.do("DELETE", "/v2/droplets/1", "", "Prefer", "wait=60"); a.StatusCode != 204 {
		t.Errorf("delete: %d %s", a.StatusCode, a.text)
	}
}

func TestFlagsOfTLS(t *testing.T) {
	authority := certificatetest.NewAuthority(t)
	issue := func() (certificate, key string) {
		return authority.Issue(t, t.TempDir(), time.Now(), time.Now().Add(time.Hour))
	}
	certificate, key := issue()
	_, other := issue()
	for _, test := range []struct {
		name string
		c    serveCommand
		says string
	}{
		{"no key", serveCommand{tlsFlags: tlsFlags{TLSCertificate: certificate}}, "give --tls-key as well"},
		{"no certificate", serveCommand{tlsFlags: tlsFlags{TLSKey: key}}, "give --tls-certificate as well"},
		{"a file that is missing", serveCommand{tlsFlags: tlsFlags{certificate + ".old", key}}, certificate + ".old: no such file"},
		{"another's key", serveCommand{tlsFlags: tlsFlags{certificate, other}}, "does not match"},
		{"DNS over TLS without", serveCommand{namesFlags: namesFlags{DNSTLS: "127.0.0.1:0"}}, "--dns-tls needs a certificate"},
		{"DNS over TLS at no address", serveCommand{tlsFlags: tlsFlags{certificate, key}, namesFlags: namesFlags{DNSTLS: "853"}}, "--dns-tls 853: not an address"},
	} {
		test.c.dataFlag, test.c.Compute, test.c.Addresses = newData(t), "simulated", addressing{netip.MustParsePrefix("127.18.0.0/16")}
		cl, err := open(t.Context(), &test.c, slog.New(slog.DiscardHandler))
		if err == nil {
			cl.close()
		}
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %s", test.name, err, test.says)
		}
	}
}
