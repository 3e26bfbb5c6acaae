package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// node starts one more name server on a cloud's database.
func (c *client) node(change ...func(*nameserverCommand)) *nameserver {
	c.t.Helper()
	command := &nameserverCommand{dataFlag: c.data, namesFlags: namesFlags{DNS: "127.0.0.1:0"}}
	for _, f := range change {
		f(command)
	}
	n, err := openNameserver(c.t.Context(), command, slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := n.close(); err != nil {
			c.t.Error(err)
		}
	})
	return n
}

// sees has a node look for changes, which it does by itself four times a second,
// and checks what it answers then.
func (n *nameserver) sees(t *testing.T, what, name string, kind uint16, want func(*dns.Msg) bool) {
	t.Helper()
	if err := n.domains.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := dns.Exchange(new(dns.Msg).SetQuestion(name, kind).SetEdns0(4096, true), n.names.server.Addresses()[0].String())
	if err != nil || !want(m) {
		t.Errorf("%s is not seen by the other node: %v %v", what, m, err)
	}
}

// Nodes that share a database come to the same answers, signed by the same
// keys, whenever they were started.
func TestNodesOfOneDatabase(t *testing.T) {
	c := newNameserver(t)
	c.domain("example.com")
	early := c.node()
	c.record("example.com", `{"type":"A","name":"www","data":"192.0.2.1"}`)
	c.do("POST", "/v2/domains/example.com/dnssec", `{"type":"sign"}`)
	late := c.node(func(n *nameserverCommand) { n.Metrics = "127.0.0.1:0" })
	c.domain("example.net")
	for _, n := range []*nameserver{early, late} {
		n.sees(t, "a record", "www.example.com.", dns.TypeA, func(m *dns.Msg) bool {
			return len(m.Answer) == 2 && m.Answer[0].(*dns.A).A.String() == "192.0.2.1"
		})
		n.sees(t, "a new domain", "example.net.", dns.TypeNS, func(m *dns.Msg) bool { return len(m.Answer) == 3 })
		n.sees(t, "the key", "example.com.", dns.TypeDNSKEY, func(m *dns.Msg) bool {
			return len(m.Answer) == 2 && m.Answer[0].String() == c.ask("example.com.", dns.TypeDNSKEY).Answer[0].String()
		})
	}
	c.do("DELETE", "/v2/domains/example.net", "")
	c.do("DELETE", "/v2/domains/example.com/records/5", "")
	for _, n := range []*nameserver{early, late} {
		n.sees(t, "the end of a domain", "example.net.", dns.TypeNS, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeRefused })
		n.sees(t, "the end of a record", "www.example.com.", dns.TypeA, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeNameError })
	}
	response, err := http.Get(fmt.Sprintf("http://%s/metrics", late.metrics.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(text), `rockpool_dns_queries_total{`) {
		t.Errorf("figures: %v %s", err, text)
	}
}

func TestNodesSayWhatIsWrong(t *testing.T) {
	fresh := newData(t)
	c := newClient(t)
	for _, test := range []struct {
		name, want string
		c          nameserverCommand
	}{
		{"no cloud yet", "first start the cloud", nameserverCommand{dataFlag: fresh, namesFlags: namesFlags{DNS: "127.0.0.1:0"}}},
		{"no address", "give --dns or --dns-tls", nameserverCommand{dataFlag: c.data}},
		{"TLS without a certificate", "--dns-tls needs a certificate", nameserverCommand{dataFlag: c.data, namesFlags: namesFlags{DNSTLS: "127.0.0.1:0"}}},
		{"figures nowhere", "choose another address by --metrics", nameserverCommand{dataFlag: c.data, namesFlags: namesFlags{DNS: "127.0.0.1:0"}, Metrics: "192.0.2.1:1"}},
	} {
		if _, err := openNameserver(t.Context(), &test.c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	for database, ok := range map[string]bool{"": true, "postgres://a@b/c": true, "postgresql:///c": true, "/tmp/x.db": false, "mysql://a": false} {
		if err := (dataFlag{Database: database}).Validate(); (err == nil) != ok {
			t.Errorf("--database %q: %v", database, err)
		}
	}
}
