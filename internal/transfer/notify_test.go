package transfer

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/rockpool-cloud/rockpool/internal/dns"
	"github.com/rockpool-cloud/rockpool/internal/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNotifyIsTriedAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		silent int // so many tries are not answered
		tries  int
		took   time.Duration
	}{
		{"answered at once", 0, 1, 0},
		{"answered at the third try", 2, 3, 3 * time.Second},
		{"never answered", 100, notifyTries, 31 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := newMetrics(nil)
				tries, serial, last := 0, uint32(0), uint32(0)
				n := &notifier{metrics: m, queued: map[string]bool{}, wake: make(chan struct{}, 1),
					soa: func(string) *mdns.SOA { serial++; return &mdns.SOA{Serial: serial} },
					exchange: func(_ context.Context, m *mdns.Msg, _ Secondary) (*mdns.Msg, error) {
						tries++
						last = soaFirst(m.Answer).Serial
						if tries <= test.silent {
							return nil, errors.New("timeout")
						}
						return new(mdns.Msg).SetReply(m), nil
					}}
				began := time.Now()
				n.tell(t.Context(), "example.com.")
				if tries != test.tries || time.Since(began) != test.took || last != uint32(tries) {
					t.Errorf("%d tries in %v, the last with serial %d", tries, time.Since(began), last)
				}
			})
		})
	}
}

func TestQueueHoldsAZoneOnce(t *testing.T) {
	n := &notifier{queued: map[string]bool{}, wake: make(chan struct{}, 1)}
	for range 3 {
		n.add("a.")
	}
	n.add("b.")
	if len(n.queue) != 2 {
		t.Errorf("%v", n.queue)
	}
}

func TestCatalog(t *testing.T) {
	told := make(chan *dns.Request, 100)
	peer, err := dns.New(dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Notify: func(_ context.Context, r *dns.Request) int {
		told <- r
		return mdns.RcodeSuccess
	}})
	if err := errors.Join(err, peer.Start()); err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	p, address := started(t, Config{Allow: loopback, Catalog: "catalog.invalid.", Secondaries: []Secondary{{Address: peer.Addresses()[0]}}}, 1)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	first := soaOf(t, p, "catalog.invalid.").Serial
	other := zone.Zone{Origin: "example.net.", Records: []mdns.RR{rr(t, "example.net. 60 IN SOA ns. host. 1 60 60 60 60"), rr(t, "example.net. 60 IN NS ns.")}}
	if err := errors.Join(p.Put(other), p.Put(other)); err != nil {
		t.Fatal(err)
	}
	rrs, _, err := transferred(address, new(mdns.Msg).SetIxfr("catalog.invalid.", first, "invalid.", "invalid."), nil)
	if err != nil || len(rrs) != 5 || rrs[3].(*mdns.PTR).Ptr != "example.net." || soaFirst(rrs).Serial != first+1 {
		t.Errorf("%v %v", rrs, err)
	}
	if !p.Remove("example.net.") || p.Remove("catalog.invalid.") {
		t.Error("Remove")
	}
	rrs, _, err = transferred(address, new(mdns.Msg).SetAxfr("catalog.invalid."), nil)
	if err != nil || len(rrs) != 5 || soaFirst(rrs).Serial != first+2 {
		t.Errorf("%v %v", rrs, err)
	}
	for r := range told { // until the catalog's last change is told
		if soa := soaFirst(r.Msg.Answer); soa.Hdr.Name == "catalog.invalid." && soa.Serial == first+2 {
			break
		}
	}
}

func soaOf(t *testing.T, p *Primary, origin string) *mdns.SOA {
	t.Helper()
	soa := p.soa(origin)
	if soa == nil {
		t.Fatalf("%s is not there", origin)
	}
	return soa
}
