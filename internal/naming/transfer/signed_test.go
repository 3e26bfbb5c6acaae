package transfer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// hardNames are the difficult cases of signing.
const hardNames = `$TTL 300
@ NS ns1
@ MX 10 ns1
ns1 A 192.0.2.1
Capital A 192.0.2.1
www CNAME ns1
a.ent A 192.0.2.1
*.wild A 192.0.2.2
x.y.wild A 192.0.2.5
sub NS ns.sub
sub A 127.0.0.1
ns.sub A 127.0.0.1
lower.sub NS elsewhere.example.net.
sub-x A 192.0.2.7
secure NS ns1
secure DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
`

// signedZoneOf returns example.com. at serial 1, signed by a new key.
func signedZoneOf(t testing.TB, names string) (zone.Zone, *dnssec.Key) {
	t.Helper()
	key, err := dnssec.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keys := dnssec.Keys{Stage: dnssec.Stable, Key: key}
	z := zone.Zone{Origin: "example.com.", Records: []mdns.RR{soa(t, 1)}, Signer: dnssec.NewSigner("example.com.", keys, dnssec.Config{})}
	z.Records = append(z.Records, keys.Records("example.com.", 600)...)
	parser := mdns.NewZoneParser(strings.NewReader(names), "example.com.", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		z.Records = append(z.Records, rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return z, key
}

// verify has another program verify a signed zone.
func verify(t *testing.T, rrs []mdns.RR) error {
	t.Helper()
	needs.Program(t, "dnssec-verify", "bind9-utils")
	var text strings.Builder
	for _, rr := range rrs {
		fmt.Fprintln(&text, rr)
	}
	file := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("dnssec-verify", "-z", "-o", "example.com.", file).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func TestSignedZonesAreSentSigned(t *testing.T) {
	p, address := started(t, Config{Allow: loopback}, 0)
	z, _ := signedZoneOf(t, hardNames)
	if err := p.Put(z); err != nil {
		t.Fatal(err)
	}
	signatures := map[string]bool{} // of a name that does not change
	for serial := 1; serial <= 3; serial++ {
		if serial > 1 {
			step(t, p, serial)
		}
		for _, query := range []*mdns.Msg{new(mdns.Msg).SetAxfr("example.com."), new(mdns.Msg).SetIxfr("example.com.", uint32(serial-1), "ns.", "host.")} {
			rrs, _, err := transferred(address, query, nil)
			if err != nil || len(rrs) < 50 || soaFirst(rrs).Serial != uint32(serial) || soaFirst(rrs[len(rrs)-1:]) == nil {
				t.Fatalf("serial %d: %v %v", serial, rrs, err)
			}
			if err := verify(t, rrs[:len(rrs)-1]); err != nil {
				t.Errorf("serial %d: %v", serial, err)
			}
			for _, rr := range rrs {
				if sig, ok := rr.(*mdns.RRSIG); ok && sig.Hdr.Name == "www.example.com." && sig.TypeCovered == mdns.TypeCNAME {
					signatures[sig.Signature] = true
				}
			}
		}
	}
	if len(signatures) != 1 {
		t.Errorf("what has not changed is signed %d times", len(signatures))
	}
	current := new(mdns.Msg).SetIxfr("example.com.", 3, "ns.", "host.")
	if rrs, _, err := transferred(address, current, nil); err != nil || len(rrs) != 1 {
		t.Errorf("who is up to date: %v %v", rrs, err)
	}
}
