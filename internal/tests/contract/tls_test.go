package contract

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// newTLSClient returns a client of a cloud with HTTPS. It uses HTTP/2, except
// on connections that it dials itself.
func newTLSClient(t *testing.T, change ...func(*server.Config)) *client {
	t.Helper()
	authority := certificatetest.NewAuthority(t)
	c := newClient(t, append(change, byTLS(t, authority))...)
	c.trust(authority)
	return c
}

// byTLS configures a cloud for TLS, with a certificate of an authority.
func byTLS(t *testing.T, authority *certificatetest.Authority) func(*server.Config) {
	return func(s *server.Config) {
		file, key := authority.Issue(t, t.TempDir(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		var err error
		if s.Certificate, err = certificate.Open(file, key, time.Now, s.Log); err != nil {
			t.Fatal(err)
		}
	}
}

// trust makes the client trust an authority.
func (c *client) trust(authority *certificatetest.Authority) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool}, ForceAttemptHTTP2: true}
	c.T.Cleanup(transport.CloseIdleConnections)
	c.Roots, c.HTTP = authority.Pool, transport
}

// bothWays runs a test over TCP and over TLS.
func bothWays(t *testing.T, test func(*client, *testing.T), change ...func(*server.Config)) {
	t.Run("TCP", func(t *testing.T) { test(newClient(t, change...), t) })
	t.Run("TLS", func(t *testing.T) { test(newTLSClient(t, change...), t) })
}

// Creates, deletes and errors of droplets are the same over HTTPS, and the
// URLs in responses have the scheme https.
func TestAPIOverHTTPS(t *testing.T) {
	c := newTLSClient(t)
	created := c.Create(goodDroplet)
	if want := c.URL + "/v2/droplets/1"; created.Proto != "HTTP/2.0" || created.Header.Get("Location") != want || !strings.HasPrefix(want, "https://") {
		t.Errorf("%s, Location %q", created.Proto, created.Header.Get("Location"))
	}
	if a := c.Do("GET", "/panel", ""); !strings.Contains(a.Text, "DIGITALOCEAN_API_URL="+c.URL+"\n") {
		t.Errorf("the panel: %s", a.Text)
	}
	if a := c.Do("POST", "/v2/droplets", "{"); a.StatusCode != 400 || a.JSON["id"] != "bad_request" {
		t.Errorf("a broken body: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("GET", "/v2/account", "", "X-A", strings.Repeat("a", 50_000)); a.StatusCode != 200 {
		t.Errorf("a long header: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("DELETE", "/v2/droplets/1", "", "Prefer", "wait=60"); a.StatusCode != 204 {
		t.Errorf("delete: %d %s", a.StatusCode, a.Text)
	}
}
