package droplet_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// tryCreate creates droplets with those names, 256 MB and 10 GB each.
func (w *world) tryCreate(names ...string) (droplets []droplet.Droplet, err error) {
	plan, err := w.Plan(context.Background(), w.account, droplet.Create{Names: names, Size: "s-1vcpu-256mb", Image: "micro"})
	if err != nil {
		return nil, err
	}
	err = w.write(func(tx *store.Tx) (err error) {
		droplets, _, err = plan.Do(context.Background(), tx)
		return err
	})
	return droplets, err
}

func budget(memoryMB, diskGB int) func() droplet.Budget {
	return func() droplet.Budget { return droplet.Budget{MemoryMB: memoryMB, DiskGB: diskGB} }
}

// gathered returns the collector's figures by name and resource.
func (w *world) gathered() map[string]float64 {
	w.t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.Collector())
	families, err := registry.Gather()
	check(w.t, err)
	figures := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			figures[family.GetName()+" "+m.Label[0].GetValue()] = m.Gauge.GetValue()
		}
	}
	return figures
}

// Each create counts the droplets of the creates before it.
func TestParallelCreatesDoNotExceedTheBudget(t *testing.T) {
	w := newWorld(t, nil)
	w.Limits.Droplets = 100
	w.Budget = budget(3*256+255, 0)
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.tryCreate("web") })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		want := "No hypervisor fits this Droplet: 256 MB of memory are wanted, 255 MB of 1023 MB are free"
		if rejected := new(apierr.Error); !errors.As(err, &rejected) || rejected.Kind != apierr.KindInvalid || rejected.Message != want || rejected.Fields[0].Field != "size" {
			t.Errorf("rejected with %v", err)
		}
	}
	if made != 3 {
		t.Errorf("%d droplets were made", made)
	}
}

// A droplet counts until its machine is gone, also while it is off.
func TestDropletsCountForTheBudgetUntilTheirMachinesAreGone(t *testing.T) {
	w := newWorld(t, nil)
	w.Budget = budget(600, 1000)
	if _, err := w.tryCreate("a", "b", "c"); err == nil || !strings.Contains(err.Error(), "768 MB of memory are wanted, 600 MB of 600 MB are free") {
		t.Fatalf("three at once: %v", err)
	}
	w.Budget = budget(0, 25)
	if _, err := w.tryCreate("a", "b", "c"); err == nil || !strings.Contains(err.Error(), "30 GB of disk are wanted, 25 GB of 25 GB are free") {
		t.Fatalf("three at once: %v", err)
	}
	if got, want := w.gathered(), map[string]float64{
		"rockpool_budget_bytes disk": 25 << 30, "rockpool_free_bytes disk": 25 << 30,
		"rockpool_claimed_bytes disk": 0, "rockpool_claimed_bytes memory": 0,
	}; !maps.Equal(got, want) {
		t.Errorf("figures are %v, want %v", got, want)
	}
	first, second := w.active(), w.active()
	w.act(first.ID, "power_off")
	if _, err := w.tryCreate("c"); err == nil || !strings.Contains(err.Error(), "10 GB of disk are wanted, 5 GB of 25 GB are free") {
		t.Errorf("beside one that is off: %v", err)
	}
	check(t, w.write(func(tx *store.Tx) error {
		_, _, err := w.Delete(context.Background(), tx, w.account, second.ID)
		return err
	}))
	w.latest(second.ID)
	if _, err := w.tryCreate("c"); err != nil {
		t.Errorf("when one is gone: %v", err)
	}
}

// A create is rejected if no address is free. Its action does not fail later instead.
func TestACreateWithoutAFreeAddressIsRejected(t *testing.T) {
	w := newWorld(t, nil)
	w.Limits.Droplets = 1000
	w.Pool = address.NewPool(netip.MustParsePrefix("127.18.0.0/29"), nil, func(netip.AddrPort) bool { return true })
	droplets, err := w.tryCreate("a", "b", "c", "d")
	check(t, err)
	if _, err := w.tryCreate("e", "f"); err == nil || err.Error() != "No address is free for this Droplet: all 5 of 127.18.0.0/29 are taken" {
		t.Errorf("two more than there are: %v", err)
	}
	last, err := w.tryCreate("e")
	check(t, err)
	for _, d := range append(droplets, last...) {
		if w.latest(d.ID); w.status(d.ID) != "active" {
			t.Errorf("droplet %d is %s", d.ID, w.status(d.ID))
		}
	}
	// In another range all addresses are free.
	w.Pool = address.NewPool(netip.MustParsePrefix("127.19.0.0/29"), nil, func(netip.AddrPort) bool { return true })
	if _, err := w.tryCreate("f", "g", "h", "i", "j"); err != nil {
		t.Errorf("in another range: %v", err)
	}
	if _, err := w.tryCreate("k"); err == nil || err.Error() != "No address is free for this Droplet: all 5 of 127.19.0.0/29 are taken" {
		t.Errorf("one more than there are: %v", err)
	}
}
