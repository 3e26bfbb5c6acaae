package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// slowSigner counts its calls, and waits in each for a signal.
type slowSigner struct {
	zone.Signer
	goOn  chan error
	calls *atomic.Int32
}

func newSlowSigner() slowSigner {
	return slowSigner{goOn: make(chan error), calls: new(atomic.Int32)}
}

func (s slowSigner) SignZone(ctx context.Context, records, _ []mdns.RR, add func([]mdns.RR)) error {
	s.calls.Add(1)
	add(records)
	select {
	case err := <-s.goOn:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attached returns a primary of example.com. with a slow signer, without an address.
func attached(t *testing.T) (*Primary, slowSigner) {
	t.Helper()
	p, err := New(zonedata.New(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	signer := newSlowSigner()
	if err := p.Put(zone.Zone{Origin: "example.com.", Records: []mdns.RR{soa(t, 1)}, Signer: signer}); err != nil {
		t.Fatal(err)
	}
	return p, signer
}

// collected returns the records of a version as a transfer sends them.
func (p *Primary) collected(t *testing.T, view zonedata.View) (all []mdns.RR, err error) {
	for rr, err := range p.signed.all(t.Context(), view) {
		if err != nil {
			return nil, err
		}
		all = append(all, rr)
	}
	return all, nil
}

// signs requests the present zone like a secondary.
func (p *Primary) signs(t *testing.T, got chan<- error) {
	view, _ := p.zones.Zone("example.com.")
	go func() {
		rrs, err := p.collected(t, view)
		if err == nil && (len(rrs) < 2 || soaFirst(rrs).Serial != view.Serial()) {
			err = fmt.Errorf("%v", rrs)
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

func TestAFailureToSignIsNotCached(t *testing.T) {
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

// A client gets records while the rest of the zone is being signed. When it leaves,
// signing continues for other clients.
func TestRecordsAreSentWhileTheZoneIsSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, signer := attached(t)
		got := make(chan error, 1)
		view, _ := p.zones.Zone("example.com.")
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for rr, err := range p.signed.all(t.Context(), view) {
				if soaFirst([]mdns.RR{rr}) == nil || err != nil {
					t.Errorf("%v, %v", rr, err)
				}
				p.signs(t, got)
				break
			}
		}()
		synctest.Wait()
		signer.goOn <- nil
		if err := <-got; err != nil || signer.calls.Load() != 1 {
			t.Errorf("signed %d times, %v", signer.calls.Load(), err)
		}
		<-gone
	})
}

// brokenSigner fails after some records.
type brokenSigner struct {
	zone.Signer
	after int
}

func (s brokenSigner) SignZone(_ context.Context, records, _ []mdns.RR, add func([]mdns.RR)) error {
	add(slices.Repeat(records, s.after))
	return errors.New("no key")
}

// A client can see that a transfer is incomplete when signing fails.
func TestATransferWithABrokenSignerIsIncomplete(t *testing.T) {
	p, address := started(t, Config{Allow: loopback}, 0)
	for _, test := range []struct {
		after int
		some  bool
		want  string
	}{{0, false, "bad xfr rcode: 2"}, {2, false, "bad xfr rcode: 2"}, {2_000, true, "EOF"}} {
		z := zone.Zone{Origin: "example.com.", Records: []mdns.RR{soa(t, 1)}, Signer: brokenSigner{after: test.after}}
		for i := range 5 {
			z.Records = append(z.Records, rr(t, fmt.Sprintf("a%d.example.com. 60 IN A 192.0.2.1", i)))
		}
		if err := p.Put(z); err != nil {
			t.Fatal(err)
		}
		rrs, _, err := transferred(address, new(mdns.Msg).SetAxfr("example.com."), nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || len(rrs) > 0 != test.some {
			t.Errorf("after %d: %d records, %v", test.after, len(rrs), err)
		}
	}
}

// manySigner adds many records to a zone.
type manySigner struct{ zone.Signer }

func (manySigner) SignZone(_ context.Context, records, _ []mdns.RR, add func([]mdns.RR)) error {
	for range keepRecords / 4 {
		add(records)
	}
	return nil
}

func TestTheCacheOfSignedVersionsIsLimited(t *testing.T) {
	p, _ := attached(t)
	for i := range 10 {
		origin := fmt.Sprintf("z%d.", i)
		z := zone.Zone{Origin: origin, Records: []mdns.RR{rr(t, origin+" 60 IN SOA ns. host. 1 60 60 60 60")}, Signer: manySigner{}}
		if err := p.Put(z); err != nil {
			t.Fatal(err)
		}
		view, _ := p.zones.Zone(origin)
		if rrs, err := p.collected(t, view); err != nil || len(rrs) < keepRecords/4 {
			t.Fatalf("%d records, %v", len(rrs), err)
		}
	}
	if n := len(p.signed.zones); n != 3 || p.signed.zones["z9."] == nil || p.signed.records > keepRecords || p.signed.order.Len() != n {
		t.Errorf("%d zones of %d records are kept", n, p.signed.records)
	}
}
