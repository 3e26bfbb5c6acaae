package contract

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// The name server also answers over TLS, with the certificate of the API.
func TestDomainsAreAnsweredOverTLS(t *testing.T) {
	authority := certificatetest.NewAuthority(t)
	c := newNameserver(t, byTLS(t, authority), func(s *server.Config) { s.Names.TLSAddresses = []netip.AddrPort{anyPort} })
	c.trust(authority)
	if a := c.Do("POST", "/v2/domains", `{"name":"example.com","ip_address":"192.0.2.1"}`); a.StatusCode != http.StatusCreated {
		t.Fatal(a.Text)
	}
	address := c.Server.Names.TLSAddresses()[0].String()
	if shown := c.Server.Names.String(); !strings.HasSuffix(shown, ", "+address+" by TLS") {
		t.Errorf("the greeting names %s, not %s", shown, address)
	}
	client := &dns.Client{Net: "tcp-tls", TLSConfig: &tls.Config{RootCAs: authority.Pool, ServerName: certificatetest.Name, NextProtos: []string{"dot"}}}
	a, _, err := client.Exchange(new(dns.Msg).SetQuestion("example.com.", dns.TypeA), address)
	if err != nil || len(a.Answer) != 1 || a.Answer[0].(*dns.A).A.String() != "192.0.2.1" {
		t.Errorf("%v, %v", a, err)
	}
	t.Run("kdig", func(t *testing.T) {
		kdig := needs.Program(t, "kdig", "knot-dnsutils")
		host, port, _ := net.SplitHostPort(address)
		ask := func(authority *certificatetest.Authority, name string) string {
			output, _ := exec.CommandContext(t.Context(), kdig, "@"+host, "-p", port, "+tls", "+tls-ca="+authority.File, "+tls-hostname="+name,
				"example.com", "A").CombinedOutput()
			return string(output)
		}
		if said := ask(authority, certificatetest.Name); !strings.Contains(said, "192.0.2.1") {
			t.Errorf("%s", said)
		}
		if said := ask(authority, "elsewhere.test"); strings.Contains(said, "192.0.2.1") {
			t.Errorf("another name's certificate is good: %s", said)
		}
		if said := ask(certificatetest.NewAuthority(t), certificatetest.Name); strings.Contains(said, "192.0.2.1") {
			t.Errorf("another authority's certificate is good: %s", said)
		}
	})
}
