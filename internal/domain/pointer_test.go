package domain_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/domain"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

// point tells of a droplet; without a name, that its address is free.
func (w *world) point(account, droplet int64, address, name string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		a := netip.MustParseAddr(address)
		if name == "" {
			return w.PointerRemoved(context.Background(), tx, a)
		}
		return w.PointerChanged(context.Background(), tx, domain.Pointer{Address: a, AccountID: account, DropletID: droplet, Name: name})
	})
}

// pointers are the PTR records that are served, of all reverse zones.
func (w *world) pointers() string {
	all := []string{}
	for _, name := range []string{"127.in-addr.arpa", "18.127.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"} {
		for _, line := range w.server.serves(name) {
			if strings.Contains(line, " PTR ") {
				all = append(all, line)
			}
		}
	}
	return strings.Join(all, "; ")
}

func TestPointers(t *testing.T) {
	w := newWorld(t)
	const web = "2.0.18.127.in-addr.arpa. 1800 IN PTR web.example.com."
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"no zone is here", func() { w.point(mine, 1, "127.18.0.2", "web.example.com") }, ""},
		{"only the reverse zone", func() { w.create("127.in-addr.arpa") }, ""},
		{"both zones", func() { w.create("example.com") }, web},
		{"told again", func() { w.point(mine, 1, "127.18.0.2", "web.example.com") }, web},
		{"renamed", func() { w.point(mine, 1, "127.18.0.2", "Web-2.example.com") }, "2.0.18.127.in-addr.arpa. 1800 IN PTR Web-2.example.com."},
		{"renamed to what is in no zone", func() { w.point(mine, 1, "127.18.0.2", "web.example.net") }, ""},
		{"renamed to the domain itself", func() { w.point(mine, 1, "127.18.0.2", "example.com") }, "2.0.18.127.in-addr.arpa. 1800 IN PTR example.com."},
		{"another account's droplet", func() { w.point(other, 2, "127.18.0.3", "evil.example.com") }, "2.0.18.127.in-addr.arpa. 1800 IN PTR example.com."},
		{"renamed back", func() { w.point(mine, 1, "127.18.0.2", "web.example.com") }, web},
		{"a nearer reverse zone", func() { w.create("18.127.in-addr.arpa") }, web},
		{"it is gone again", func() { w.remove("18.127.in-addr.arpa") }, web},
		{"the domain is gone", func() { w.remove("example.com") }, ""},
		{"the domain is back", func() { w.create("example.com") }, web},
		{"the address is another droplet's", func() { w.point(mine, 3, "127.18.0.2", "web.example.com") }, web},
		{"the address is free", func() { w.point(mine, 3, "127.18.0.2", "") }, ""},
		{"IPv6", func() {
			w.create("8.b.d.0.1.0.0.2.ip6.arpa")
			w.point(mine, 4, "2001:db8::1", "six.example.com")
		}, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 1800 IN PTR six.example.com."},
		{"IPv4 in IPv6", func() { w.point(mine, 4, "2001:db8::1", ""); w.point(mine, 1, "::ffff:127.18.0.2", "web.example.com") }, web},
	} {
		t.Run(step.what, func(t *testing.T) {
			step.do()
			if diff := cmp.Diff(step.want, w.pointers()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A domain that goes leaves its names to the domain above it, whoever has that.
func TestPointersOfADomainAbove(t *testing.T) {
	w := newWorld(t)
	w.create("127.in-addr.arpa")
	w.createBy(other, "sub.example.com")
	w.create("example.com")
	w.point(mine, 1, "127.18.0.2", "web.sub.example.com")
	if got := w.pointers(); got != "" {
		t.Errorf("in another account's domain: %s", got)
	}
	w.removeBy(other, "sub.example.com")
	if got := w.pointers(); got != "2.0.18.127.in-addr.arpa. 1800 IN PTR web.sub.example.com." {
		t.Errorf("when that is gone: %s", got)
	}
}

func (w *world) createBy(account int64, name string) {
	w.t.Helper()
	if _, err := w.tryCreate(account, domain.Create{Name: name}); err != nil {
		w.t.Fatal(err)
	}
}

// Many droplets at once are one change of the reverse zone.
func TestManyPointersAreOneChange(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		w.point(mine, int64(i), fmt.Sprintf("127.18.0.%d", i), fmt.Sprintf("h%d.example.com", i))
	}
	w.create("127.in-addr.arpa")
	told := len(w.server.log)
	w.create("example.com")
	if n := strings.Count(w.pointers(), "PTR"); n != 100 || len(w.server.log) != told+2 {
		t.Errorf("%d records, told %v", n, w.server.log[told:])
	}
}

// What somebody has made himself at an address's name stays, and what the
// cloud has made changes with the droplet only.
func TestPointersAndOtherRecords(t *testing.T) {
	w := newWorld(t)
	w.create("127.in-addr.arpa")
	w.create("example.com")
	own := w.add("127.in-addr.arpa", params(t, `{"type":"PTR","name":"2.0.18","data":"own.example.net.","ttl":60}`))
	w.add("127.in-addr.arpa", params(t, `{"type":"CNAME","name":"3.0.18","data":"3.elsewhere.example.net."}`))
	w.point(mine, 1, "127.18.0.2", "a.example.com")
	w.point(mine, 2, "127.18.0.3", "b.example.com")
	w.point(mine, 3, "127.18.0.4", "c.example.com")
	const c = "4.0.18.127.in-addr.arpa. 1800 IN PTR c.example.com."
	if got, want := w.pointers(), "2.0.18.127.in-addr.arpa. 60 IN PTR own.example.net.; "+c; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	records := w.records("127.in-addr.arpa")
	cloud := records[len(records)-1]
	const follows = "not about a field: This PTR record follows a droplet's name: rename the droplet to change it"
	if _, err := w.tryUpdate("127.in-addr.arpa", cloud.ID, params(t, `{"data":"x.example.com."}`)); message(err) != follows {
		t.Errorf("update: %v", err)
	}
	if _, err := w.tryDelete("127.in-addr.arpa", cloud.ID); message(err) != follows {
		t.Errorf("delete: %v", err)
	}
	if _, err := w.tryDelete("127.in-addr.arpa", own.ID); err != nil {
		t.Errorf("delete one's own: %v", err)
	}
	file := "5.0.18 PTR five.example.com.\n4.0.18 30 PTR c.example.com.\n"
	if _, err := w.tryImport("127.in-addr.arpa", file); err != nil {
		t.Fatal(err)
	}
	if got, want := w.pointers(), c+"; 5.0.18.127.in-addr.arpa. 1800 IN PTR five.example.com."; got != want {
		t.Errorf("after an import: %s, want %s", got, want)
	}
}

// A reverse zone tells its account nothing of the droplets of others.
func TestPointersOfOtherAccounts(t *testing.T) {
	w := newWorld(t)
	w.create("example.com")
	w.point(mine, 1, "127.18.0.2", "before.example.com")
	w.createBy(other, "127.in-addr.arpa")
	w.point(mine, 2, "127.18.0.3", "after.example.com")
	if got := w.pointers(); got != "" {
		t.Errorf("another account's reverse zone has %s", got)
	}
	for _, name := range []string{"in-addr.arpa", "IP6.arpa."} {
		_, err := w.tryCreate(other, domain.Create{Name: name})
		if got, want := message(err), "name: Name is all reverse zones: give the one of your own addresses below it"; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
