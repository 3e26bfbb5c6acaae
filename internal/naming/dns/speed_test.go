package dns

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func BenchmarkHandle(b *testing.B) {
	s, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	const zones = 10_000
	for i := range zones {
		if err := s.Put(parsed(b, fmt.Sprintf("zone%d.example.", i), example)); err != nil {
			b.Fatal(err)
		}
	}
	w := s.worker(UDP)
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
			buf := make([]byte, 0, maxUDP)
			i := 0
			for b.Loop() {
				if answer, _ := w.handle(queries[i], buf, remote, now); answer == nil {
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

// BenchmarkAddresses asks by TCP for an RRset of so many hosts in the zone.
func BenchmarkAddresses(b *testing.B) {
	for _, hosts := range []int{1, 10, 100, 2_000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("@ SOA ns hostmaster 1 1 1 1 1\n")
			for i := range hosts {
				fmt.Fprintf(&text, "@ MX 1 host%d\nhost%d A 192.0.2.1\n", i, i)
			}
			s := started(b, Config{}, parsed(b, "example.com.", text.String()))
			conn, err := net.Dial("tcp", s.Addresses()[0].String())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			query, err := new(dns.Msg).SetQuestion("example.com.", dns.TypeMX).Pack()
			if err != nil {
				b.Fatal(err)
			}
			query = append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
			answer := make([]byte, 2+dns.MaxMsgSize)
			for b.Loop() {
				if _, err := conn.Write(query); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(conn, answer[:2]); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(conn, answer[2:2+int(binary.BigEndian.Uint16(answer))]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
