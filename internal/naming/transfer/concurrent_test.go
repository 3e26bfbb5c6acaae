package transfer

import (
	"sync"
	"testing"

	mdns "github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

// Transfers during changes are consistent: each change adds one record, so the serial
// determines the number of records.
func TestTransfersDuringChangesAreConsistent(t *testing.T) {
	const texts, last = 1_000, 60
	p, address := started(t, Config{Allow: loopback, JournalRecords: 3 * last}, texts)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 10 {
				rrs, _, err := transferred(address, new(mdns.Msg).SetAxfr("example.com."), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if serial := soaFirst(rrs).Serial; len(rrs) != texts+3+int(serial)-1 {
					t.Errorf("%d records at serial %d", len(rrs), serial)
				}
			}
		})
		wg.Go(func() {
			for range 10 {
				rrs, _, err := transferred(address, new(mdns.Msg).SetIxfr("example.com.", 1, "ns.", "host."), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if serial := soaFirst(rrs).Serial; serial > 1 && len(rrs) != 2+3*(int(serial)-1) {
					t.Errorf("%d records to serial %d", len(rrs), serial)
				}
			}
		})
	}
	for serial := 2; serial <= last; serial++ {
		step(t, p, serial)
	}
	wg.Wait()
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	p, server := serve(t, Config{Allow: loopback, Registry: registry}, 1)
	address := server.Addresses()[0].String()
	step(t, p, 2)
	for _, m := range []*mdns.Msg{new(mdns.Msg).SetAxfr("example.com."), new(mdns.Msg).SetIxfr("example.com.", 1, "ns.", "host.")} {
		if _, _, err := transferred(address, m, nil); err != nil {
			t.Fatal(err)
		}
	}
	_, _, _ = transferred(address, new(mdns.Msg).SetAxfr("example.net."), nil)
	// Counted when the client may have read all already: Close waits for it.
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	got := counted(t, registry)
	for _, kind := range []string{"AXFR whole", "IXFR incremental", "AXFR notauth"} {
		if got[kind] != 1 {
			t.Errorf("%s is not counted once: %v", kind, got)
		}
	}
}

// counted returns the number of transfers by type and result.
func counted(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "rockpool_dns_transfers_total" {
				got[m.Label[1].GetValue()+" "+m.Label[0].GetValue()] = m.Counter.GetValue()
			}
		}
	}
	return got
}
