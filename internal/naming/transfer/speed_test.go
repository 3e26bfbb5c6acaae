package transfer

import (
	"fmt"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"
)

// BenchmarkAXFR transfers 20,000 records of as many names. Of a signed zone it measures
// the first transfer, the first one after a change, and the next one.
func BenchmarkAXFR(b *testing.B) {
	var names strings.Builder
	fmt.Fprintln(&names, "$TTL 300\n@ NS ns.example.net.")
	for i := range 20_000 {
		fmt.Fprintf(&names, "host-%d A 192.0.2.%d\n", i, i%256)
	}
	for _, bench := range []struct {
		name                    string
		signed, forget, changes bool
	}{{"unsigned", false, false, false}, {"signed, first", true, true, false}, {"signed, changed", true, false, true}, {"signed, again", true, false, false}} {
		b.Run(bench.name, func(b *testing.B) {
			p, address := started(b, Config{Allow: loopback}, 0)
			z, _ := signedZoneOf(b, names.String())
			if !bench.signed {
				z.Signer = nil
			}
			if err := p.Put(z); err != nil {
				b.Fatal(err)
			}
			transfer := func() {
				rrs, _, err := transferred(address, new(mdns.Msg).SetAxfr("example.com."), nil)
				if err != nil || len(rrs) < 20_000 {
					b.Fatalf("%d records: %v", len(rrs), err)
				}
			}
			transfer()
			serial := 1
			for b.Loop() {
				if bench.changes {
					serial++
					step(b, p, serial)
				}
				if bench.forget {
					p.signed.forget("example.com.")
				}
				transfer()
			}
		})
	}
}
