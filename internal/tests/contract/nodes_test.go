package contract

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

type node struct{ *server.Nameserver }

// node starts an additional name server on the database of a cloud.
func (c *client) node(change ...func(*server.NameserverConfig)) node {
	c.T.Helper()
	config := server.NameserverConfig{Data: c.Data, Log: slog.New(slog.DiscardHandler)}
	config.Names.Addresses = []netip.AddrPort{anyPort}
	for _, f := range change {
		f(&config)
	}
	n, err := server.OpenNameserver(c.T.Context(), config)
	if err != nil {
		c.T.Fatal(err)
	}
	c.T.Cleanup(func() {
		if err := n.Close(); err != nil {
			c.T.Error(err)
		}
	})
	return node{n}
}

// sees makes a node check for changes, which it otherwise does four times a
// second, and checks its answers.
func (n node) sees(t *testing.T, what, name string, kind uint16, want func(*dns.Msg) bool) {
	t.Helper()
	if err := n.Feed.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := dns.Exchange(new(dns.Msg).SetQuestion(name, kind).SetEdns0(4096, true), n.Names.Addresses()[0].String())
	if err != nil || !want(m) {
		t.Errorf("%s is not seen by the other node: %v %v", what, m, err)
	}
}

// Nodes that share a database give the same answers, signed by the same keys,
// whenever they were started.
func TestNodesOfOneDatabaseGiveTheSameAnswers(t *testing.T) {
	c := newNameserver(t)
	c.domain("example.com")
	early := c.node()
	c.record("example.com", `{"type":"A","name":"www","data":"192.0.2.1"}`)
	c.Do("POST", "/v2/domains/example.com/dnssec", `{"type":"sign"}`)
	late := c.node(func(n *server.NameserverConfig) { n.Metrics = "127.0.0.1:0" })
	c.domain("example.net")
	for _, n := range []node{early, late} {
		n.sees(t, "a record", "www.example.com.", dns.TypeA, func(m *dns.Msg) bool {
			return len(m.Answer) == 2 && m.Answer[0].(*dns.A).A.String() == "192.0.2.1"
		})
		n.sees(t, "a new domain", "example.net.", dns.TypeNS, func(m *dns.Msg) bool { return len(m.Answer) == 3 })
		n.sees(t, "the key", "example.com.", dns.TypeDNSKEY, func(m *dns.Msg) bool {
			return len(m.Answer) == 2 && m.Answer[0].String() == c.ask("example.com.", dns.TypeDNSKEY).Answer[0].String()
		})
	}
	c.Do("DELETE", "/v2/domains/example.net", "")
	c.Do("DELETE", "/v2/domains/example.com/records/5", "")
	for _, n := range []node{early, late} {
		n.sees(t, "the end of a domain", "example.net.", dns.TypeNS, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeRefused })
		n.sees(t, "the end of a record", "www.example.com.", dns.TypeA, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeNameError })
	}
	response, err := http.Get(fmt.Sprintf("http://%s/metrics", late.Nameserver.Metrics()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(text), `rockpool_dns_queries_total{`) {
		t.Errorf("figures: %v %s", err, text)
	}
}
