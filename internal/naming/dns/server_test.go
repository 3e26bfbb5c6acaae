package dns

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// parsed returns a zone of its text.
func parsed(t testing.TB, origin, text string) zone.Zone {
	t.Helper()
	z := zone.Zone{Origin: origin}
	p := dns.NewZoneParser(strings.NewReader("$TTL 300\n"+text), origin, "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		z.Records = append(z.Records, rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return z
}

func started(t testing.TB, config Config, zones ...zone.Zone) *Server {
	t.Helper()
	if config.Addresses == nil {
		config.Addresses = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range zones {
		if err := s.Put(z); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func ask1(t testing.TB, s *Server, network, name string, rrtype uint16) *dns.Msg {
	t.Helper()
	client := &dns.Client{Net: network}
	m, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, rrtype), s.Addresses()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const small = `
@ SOA ns1 hostmaster 1 10800 3600 604800 1800
@ NS ns1
ns1 A 192.0.2.1
`

func TestServer(t *testing.T) {
	s := started(t, Config{}, parsed(t, "example.com.", small))
	for _, network := range []string{"udp", "tcp"} {
		got := ask1(t, s, network, "ns1.example.com.", dns.TypeA)
		if len(got.Answer) != 1 || got.Answer[0].(*dns.A).A.String() != "192.0.2.1" {
			t.Errorf("%s: %s", network, got)
		}
	}
}
