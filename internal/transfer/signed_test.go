package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/dns"
	"github.com/rockpool-cloud/rockpool/internal/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/needs"
	"github.com/rockpool-cloud/rockpool/internal/zone"
)

// hardNames are what is easily signed wrong.
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

// signedZoneOf is example.com. at serial 1, signed by a new key.
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

// verify has another program look at a signed zone.
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
		}
	}
	current := new(mdns.Msg).SetIxfr("example.com.", 3, "ns.", "host.")
	if rrs, _, err := transferred(address, current, nil); err != nil || len(rrs) != 1 {
		t.Errorf("who is up to date: %v %v", rrs, err)
	}
}

// slowSigner counts its calls, and waits in each to be let go on.
type slowSigner struct {
	zone.Signer
	goOn  chan error
	calls *atomic.Int32
}

func newSlowSigner() slowSigner {
	return slowSigner{goOn: make(chan error), calls: new(atomic.Int32)}
}

func (s slowSigner) SignZone(ctx context.Context, records, _ []mdns.RR) ([]mdns.RR, error) {
	s.calls.Add(1)
	select {
	case err := <-s.goOn:
		return records, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// attached is a primary of example.com., signed slowly, that nobody can connect
// to.
func attached(t *testing.T) (*Primary, slowSigner) {
	t.Helper()
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := dns.New(dns.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p.Attach(server)
	signer := newSlowSigner()
	if err := p.Put(zone.Zone{Origin: "example.com.", Records: []mdns.RR{soa(t, 1)}, Signer: signer}); err != nil {
		t.Fatal(err)
	}
	return p, signer
}

// signs asks for the zone as it is now, as a secondary does.
func (p *Primary) signs(t *testing.T, got chan<- error) {
	view, _ := p.server.Zone("example.com.")
	go func() {
		rrs, err := p.signed.get(t.Context(), view)
		if err == nil && soaFirst(rrs).Serial != view.Serial() {
			err = fmt.Errorf("the serial is %d", soaFirst(rrs).Serial)
		}
		got <- err
	}()
}

func TestAVersionIsSignedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, signer := attached(t)
		got := make(chan error, 10)
		for range 3 {
			p.signs(t, got)
		}
		synctest.Wait()
		step(t, p, 2) // which nothing keeps waiting
		signer.goOn <- nil
		for range 3 {
			if err := <-got; err != nil {
				t.Error(err)
			}
		}
		if n := signer.calls.Load(); n != 1 {
			t.Errorf("signed %d times", n)
		}
		for _, test := range []struct {
			name  string
			after time.Duration
			calls int32
		}{{"another version", 0, 2}, {"signed already", 0, 2}, {"long ago", keepSigned, 3}} {
			time.Sleep(test.after)
			p.signs(t, got)
			synctest.Wait()
			select {
			case signer.goOn <- nil:
			default:
			}
			if err := <-got; err != nil || signer.calls.Load() != test.calls {
				t.Errorf("%s: signed %d times, %v", test.name, signer.calls.Load(), err)
			}
		}
	})
}

func TestAFailureToSignIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, signer := attached(t)
		got := make(chan error, 2)
		p.signs(t, got)
		p.signs(t, got)
		synctest.Wait()
		broken := errors.New("no key")
		signer.goOn <- broken
		for range 2 {
			if err := <-got; !errors.Is(err, broken) {
				t.Error(err)
			}
		}
		p.signs(t, got)
		signer.goOn <- nil
		if err := <-got; err != nil || len(p.signed.zones) != 1 {
			t.Errorf("%v, %d kept", err, len(p.signed.zones))
		}
		p.Remove("example.com.")
		if len(p.signed.zones) != 0 || p.signed.order.Len() != 0 || p.signed.records != 0 {
			t.Errorf("after the zone has gone: %+v", p.signed)
		}
	})
}

// manySigner makes many records of a zone.
type manySigner struct{ zone.Signer }

func (manySigner) SignZone(_ context.Context, records, _ []mdns.RR) ([]mdns.RR, error) {
	return append(records, make([]mdns.RR, keepRecords/4)...), nil
}

func TestSignedVersionsAreBounded(t *testing.T) {
	p, _ := attached(t)
	for i := range 10 {
		origin := fmt.Sprintf("z%d.", i)
		z := zone.Zone{Origin: origin, Records: []mdns.RR{rr(t, origin+" 60 IN SOA ns. host. 1 60 60 60 60")}, Signer: manySigner{}}
		if err := p.Put(z); err != nil {
			t.Fatal(err)
		}
		view, _ := p.server.Zone(origin)
		if rrs, err := p.signed.get(t.Context(), view); err != nil || len(rrs) < keepRecords/4 {
			t.Fatalf("%d records, %v", len(rrs), err)
		}
	}
	if n := len(p.signed.zones); n != 3 || p.signed.zones["z9."] == nil || p.signed.records > keepRecords || p.signed.order.Len() != n {
		t.Errorf("%d zones of %d records are kept", n, p.signed.records)
	}
}
