package address_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/address"
	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/store"
	"github.com/rockpool-cloud/rockpool/internal/store/storetest"
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
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
		a, err = p.Assign(t.Context(), tx, dropletID)
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

func TestAssignInTurn(t *testing.T) {
	db := open(t)
	p := address.NewPool(netip.MustParsePrefix("127.18.3.9/24"), []int{22}, always)
	for _, step := range []struct {
		droplet int64
		want    string
	}{
		{1, "127.18.3.2"}, {2, "127.18.3.3"}, {1, "127.18.3.2"}, {253, "127.18.3.254"},
		{254, "127.18.3.4"}, // round the end, past what is taken
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

func TestAPoolRunsOut(t *testing.T) {
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

func TestForwardsWherePortsAreTaken(t *testing.T) {
	db := open(t)
	p := address.NewPool(netip.MustParsePrefix("127.18.3.0/24"), []int{22, 80, 443, 60000, 9000, 8080, 8443},
		func(at netip.AddrPort) bool { return at.Port() > 1024 && at.Port() != 60000 && at.Port() != 2222 })
	a, err := assign(t, db, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []compute.Forward{{HostPort: 2223, GuestPort: 22}, {HostPort: 8080, GuestPort: 80}, {HostPort: 8443, GuestPort: 443},
		{HostPort: 52000, GuestPort: 60000}, {HostPort: 9000, GuestPort: 9000},
		{HostPort: 16080, GuestPort: 8080}, {HostPort: 16443, GuestPort: 8443}}
	if diff := cmp.Diff(want, a.Forwards); diff != "" {
		t.Errorf("forwards (-want +got):\n%s", diff)
	}
}

func TestUsable(t *testing.T) {
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
