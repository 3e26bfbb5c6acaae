package address_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func assign(t *testing.T, db *store.DB, p *address.Pool, dropletID int64) (a address.Assignment, err error) {
	t.Helper()
	found, err := p.Find(t.Context(), db, dropletID)
	if err != nil {
		return a, err
	}
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
		a, err = address.Assign(t.Context(), tx, dropletID, found)
		return err
	})
	return a, err
}

func release(t *testing.T, db *store.DB, dropletID int64) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error { return address.Release(context.Background(), tx, dropletID) })
	if err != nil {
		t.Fatal(err)
	}
}

func always(netip.AddrPort) bool { return true }

func TestAddressesAreAssignedInOrderOfIDs(t *testing.T) {
	db := open(t)
	p := address.NewPool(netip.MustParsePrefix("127.18.3.9/24"), []int{22}, always)
	for _, step := range []struct {
		droplet int64
		want    string
	}{
		{1, "127.18.3.2"}, {2, "127.18.3.3"}, {1, "127.18.3.2"}, {253, "127.18.3.254"},
		{254, "127.18.3.4"}, // from the start again, after the assigned ones
	} {
		a, err := assign(t, db, p, step.droplet)
		if err != nil || a.Address.String() != step.want {
			t.Errorf("droplet %d: %v, %v, want %s", step.droplet, a.Address, err, step.want)
		}
	}
	release(t, db, 2)
	release(t, db, 2)
	if _, has, err := address.Of(t.Context(), db, 2); has || err != nil {
		t.Errorf("after the release: %v, %v", has, err)
	}
}

// The address may be assigned to another droplet between Find and Assign.
func TestAssignFailsIfTheAddressIsTaken(t *testing.T) {
	db := open(t)
	p := address.NewPool(netip.MustParsePrefix("127.18.3.0/24"), nil, always)
	found, err := p.Find(t.Context(), db, 1)
	if err != nil {
		t.Fatal(err)
	}
	write := func(dropletID int64) (a address.Assignment, err error) {
		err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
			a, err = address.Assign(t.Context(), tx, dropletID, found)
			return err
		})
		return a, err
	}
	if _, err := write(7); err != nil {
		t.Fatal(err)
	}
	if _, err := write(1); !errors.Is(err, address.ErrTaken) {
		t.Errorf("the address of another droplet: %v, want ErrTaken", err)
	}
	if a, err := write(7); err != nil || a.Address != found.Address {
		t.Errorf("once more: %v, %v", a, err)
	}
}

func TestFindFailsWhenThePoolIsExhausted(t *testing.T) {
	db := open(t)
	p := address.NewPool(netip.MustParsePrefix("127.18.3.0/24"), nil, always)
	for id := int64(1); id <= 253; id++ {
		if _, err := assign(t, db, p, id); err != nil {
			t.Fatalf("droplet %d: %v", id, err)
		}
	}
	if a, err := assign(t, db, p, 254); err == nil {
		t.Fatalf("the 254th address of a /24 is %v", a.Address)
	}
	release(t, db, 7)
	if a, err := assign(t, db, p, 254); err != nil || a.Address.String() != "127.18.3.8" {
		t.Errorf("after a release: %v, %v", a.Address, err)
	}
}

func TestPortsThatCannotBeBoundAreReplaced(t *testing.T) {
	db := open(t)
	p := address.NewPool(netip.MustParsePrefix("127.18.3.0/24"), []int{22, 80, 443, 60000, 9000, 8080, 8443},
		func(at netip.AddrPort) bool { return at.Port() > 1024 && at.Port() != 60000 && at.Port() != 2222 })
	a, err := assign(t, db, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []compute.Forward{{HostPort: 2223, GuestPort: 22}, {HostPort: 8081, GuestPort: 80}, {HostPort: 8444, GuestPort: 443},
		{HostPort: 52000, GuestPort: 60000}, {HostPort: 9000, GuestPort: 9000},
		{HostPort: 8080, GuestPort: 8080}, {HostPort: 8443, GuestPort: 8443}}
	if diff := cmp.Diff(want, a.Forwards); diff != "" {
		t.Errorf("forwards (-want +got):\n%s", diff)
	}
}

// host says which ports can be bound on a host.
type host struct {
	least int             // lower ports need root
	taken map[string]bool // addresses with ports at which others listen
}

func (h host) usable(at netip.AddrPort) bool {
	return int(at.Port()) >= h.least && !h.taken[at.String()]
}

// Another cloud on this host has droplets in the same range.
func TestFindSkipsAddressesWhereOthersListen(t *testing.T) {
	for name, test := range map[string]struct {
		host
		want string
		port int
	}{
		"root": {host{0, map[string]bool{"127.18.3.2:22": true, "127.18.3.3:80": true}}, "127.18.3.4", 22},
		"user": {host{1024, map[string]bool{"127.18.3.2:2222": true, "127.18.3.3:8080": true}}, "127.18.3.4", 2222},
	} {
		t.Run(name, func(t *testing.T) {
			p := address.NewPool(netip.MustParsePrefix("127.18.3.0/24"), []int{22, 80}, test.usable)
			a, err := assign(t, open(t), p, 1)
			if err != nil || a.Address.String() != test.want || a.Forwards[0].HostPort != test.port {
				t.Errorf("%v %v (%v), want %s with port %d", a.Address, a.Forwards, err, test.want, test.port)
			}
		})
	}
}

// Port 22 is bound at every address that can be assigned, and free at the others.
func TestFindReplacesPortsIfNoAddressHasThemFree(t *testing.T) {
	p := address.NewPool(netip.MustParsePrefix("127.18.3.0/24"), []int{22, 80}, func(at netip.AddrPort) bool {
		last := at.Addr().As4()[3]
		return at.Port() != 22 || last < 2 || last == 255
	})
	a, err := assign(t, open(t), p, 1)
	want := address.Assignment{Address: netip.MustParseAddr("127.18.3.2"),
		Forwards: []compute.Forward{{HostPort: 2222, GuestPort: 22}, {HostPort: 80, GuestPort: 80}}}
	if diff := cmp.Diff(want, a, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); err != nil || diff != "" {
		t.Errorf("assignment (-want +got): %v\n%s", err, diff)
	}
}

func TestRenewChangesOnlyForwardsThatHaveTo(t *testing.T) {
	const a = "127.18.3.2"
	forward := func(host, guest int) compute.Forward { return compute.Forward{HostPort: host, GuestPort: guest} }
	for name, test := range map[string]struct {
		before []int
		was    host
		after  []int
		is     host
		want   []compute.Forward
	}{
		"nothing new": {[]int{22}, host{}, []int{22}, host{}, []compute.Forward{forward(22, 22)}},
		"its own machine runs": {[]int{22}, host{}, []int{22, 80}, host{taken: map[string]bool{a + ":22": true}},
			[]compute.Forward{forward(22, 22), forward(80, 80)}},
		"one port more": {[]int{22}, host{least: 1024}, []int{22, 80, 8080}, host{least: 1024},
			[]compute.Forward{forward(2222, 22), forward(8081, 80), forward(8080, 8080)}},
		"one port less":       {[]int{22, 80}, host{}, []int{80}, host{}, []compute.Forward{forward(80, 80)}},
		"low ports to be had": {[]int{22}, host{least: 1024}, []int{22}, host{}, []compute.Forward{forward(22, 22)}},
		"low ports no more":   {[]int{22}, host{}, []int{22}, host{least: 1024}, []compute.Forward{forward(2222, 22)}},
		"another has the new port": {[]int{22}, host{}, []int{22, 80}, host{taken: map[string]bool{a + ":80": true}},
			[]compute.Forward{forward(22, 22), forward(8080, 80)}},
		"another has the new port, and an old one is next to it": {[]int{81}, host{least: 1024},
			[]int{80, 81}, host{1024, map[string]bool{a + ":8080": true}}, []compute.Forward{forward(8082, 80), forward(8081, 81)}},
		"another has the port that an old one would move to": {[]int{80}, host{least: 1024},
			[]int{8080, 80}, host{1024, map[string]bool{a + ":8081": true}}, []compute.Forward{forward(8080, 8080), forward(8082, 80)}},
		"another has its better port": {[]int{22}, host{least: 1024}, []int{22}, host{taken: map[string]bool{a + ":22": true}},
			[]compute.Forward{forward(2222, 22)}},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			prefix := netip.MustParsePrefix("127.18.3.0/24")
			was, err := assign(t, db, address.NewPool(prefix, test.before, test.was.usable), 1)
			if err != nil {
				t.Fatal(err)
			}
			renewed, changed, err := address.NewPool(prefix, test.after, test.is.usable).Renew(t.Context(), db, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Write(t.Context(), func(tx *store.Tx) error {
				return address.SetForwards(t.Context(), tx, 1, renewed.Forwards)
			}); err != nil {
				t.Fatal(err)
			}
			got, _, err := address.Of(t.Context(), db, 1)
			if diff := cmp.Diff(test.want, got.Forwards); err != nil || diff != "" {
				t.Errorf("forwards (-want +got): %v\n%s", err, diff)
			}
			if want := cmp.Diff(was.Forwards, got.Forwards) != ""; changed != want {
				t.Errorf("changed is %v, want %v", changed, want)
			}
		})
	}
}

func TestUsableReportsWhetherAPortCanBeBound(t *testing.T) {
	listener, err := net.Listen("tcp", "127.18.3.77:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(listener.Addr().String())
	if address.Usable(at) {
		t.Errorf("%v is taken, and usable", at)
	}
	listener.Close()
	if !address.Usable(at) {
		t.Errorf("%v is free, and not usable", at)
	}
}

// The probes of two droplets take turns: each would find the other's port taken.
func TestProbesTakeTurns(t *testing.T) {
	db := open(t)
	var probing atomic.Int32
	p := address.NewPool(netip.MustParsePrefix("127.18.3.0/24"), []int{22, 80}, func(netip.AddrPort) bool {
		defer probing.Add(-1)
		if probing.Add(1) > 1 {
			t.Error("two probes at the same time")
		}
		runtime.Gosched()
		return true
	})
	if _, err := assign(t, db, p, 1); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for id := int64(2); id < 20; id++ {
		all.Go(func() {
			if _, err := p.Find(context.Background(), db, id); err != nil {
				t.Error(err)
			}
			if _, _, err := p.Renew(context.Background(), db, 1); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
