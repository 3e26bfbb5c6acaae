package dns

import (
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// tableOf returns a table of zones.
func tableOf(t testing.TB, zones ...zone.Zone) *zonedata.Table {
	t.Helper()
	table := zonedata.New()
	for _, z := range zones {
		if err := table.Put(z); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func started(t testing.TB, config Config, zones ...zone.Zone) *Server {
	t.Helper()
	return serve(t, tableOf(t, zones...), config)
}

// serve starts a server of a table.
func serve(t testing.TB, table *zonedata.Table, config Config) *Server {
	t.Helper()
	if config.Addresses == nil {
		config.Addresses = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	}
	s, err := New(table, config)
	if err != nil {
		t.Fatal(err)
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

func TestServer(t *testing.T) {
	s := started(t, Config{}, dnstest.Zone(t, "example.com.", dnstest.Small))
	for _, network := range []string{"udp", "tcp"} {
		got := ask1(t, s, network, "ns1.example.com.", dns.TypeA)
		if len(got.Answer) != 1 || got.Answer[0].(*dns.A).A.String() != "192.0.2.1" {
			t.Errorf("%s: %s", network, got)
		}
	}
}
