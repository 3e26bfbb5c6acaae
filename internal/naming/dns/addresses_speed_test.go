package dns

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// BenchmarkAddresses asks by TCP for an RRset of so many hosts in the zone.
func BenchmarkAddresses(b *testing.B) {
	for _, hosts := range []int{1, 10, 100, 2_000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("@ SOA ns hostmaster 1 1 1 1 1\n")
			for i := range hosts {
				fmt.Fprintf(&text, "@ MX 1 host%d\nhost%d A 192.0.2.1\n", i, i)
			}
			s := started(b, Config{}, dnstest.Zone(b, "example.com.", text.String()))
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
