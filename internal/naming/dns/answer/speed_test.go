package answer

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

func BenchmarkHandle(b *testing.B) {
	s := zonedata.New()
	const zones = 10_000
	for i := range zones {
		if err := s.Put(dnstest.Zone(b, fmt.Sprintf("zone%d.example.", i), example)); err != nil {
			b.Fatal(err)
		}
	}
	w := New(s, Config{}, 0).Worker(UDP)
	remote, now := netip.MustParseAddr("127.0.0.1"), time.Now()
	for _, q := range []struct {
		name, host string
		rrtype     uint16
	}{{"A", "ns1", dns.TypeA}, {"CNAME", "www", dns.TypeA}, {"MX", "@", dns.TypeMX}, {"NXDOMAIN", "no", dns.TypeA}, {"referral", "x.sub", dns.TypeA}} {
		var queries [][]byte
		for i := range zones {
			name := fmt.Sprintf("zone%d.example.", i)
			if q.host != "@" {
				name = q.host + "." + name
			}
			raw, err := new(dns.Msg).SetQuestion(name, q.rrtype).SetEdns0(1232, false).Pack()
			if err != nil {
				b.Fatal(err)
			}
			queries = append(queries, raw)
		}
		b.Run(q.name, func(b *testing.B) {
			buf := make([]byte, 0, MaxUDP)
			i := 0
			for b.Loop() {
				if answer, _ := w.Handle(queries[i], buf, remote, now); answer == nil {
					b.Fatal("no answer")
				}
				if i++; i == zones {
					i = 0
				}
			}
		})
	}
}

const example = `
@ SOA ns1 hostmaster 1 10800 3600 604800 1800
@ NS ns1
@ NS ns.other.net.
@ MX 10 mail
ns1 A 192.0.2.1
mail A 192.0.2.2
www CNAME mail
*.wild TXT "wild"
sub NS ns.sub
ns.sub A 192.0.2.3
`
