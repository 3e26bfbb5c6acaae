package feed_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
)

// lastCatalog returns the last version of a name server's catalog.
func lastCatalog(w *domaintest.World) (serial uint32, zones string) {
	w.T.Helper()
	if len(w.Server.Catalogs()) == 0 {
		w.T.Fatal("no catalog")
	}
	last := w.Server.Catalogs()[len(w.Server.Catalogs())-1]
	if _, err := fmt.Sscan(last, &serial); err != nil {
		w.T.Fatal(err)
	}
	return serial, last
}

// The catalog's serial grows with every domain that is created or deleted, and only
// then, even several times in a second. All nodes have the same serial.
func TestCatalogSerial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	one := domaintest.Open(t, path)
	one.AddAccounts()
	two := domaintest.Open(t, path)
	serial, _ := lastCatalog(one)
	for i, do := range []func(){
		func() { one.Create("a.example") },
		func() { one.Create("b.example") },
		func() { one.Remove("a.example") },
		func() { two.Create("a.example") },
		func() { two.Create("c.example") },
	} {
		do()
		for _, w := range []*domaintest.World{one, two} {
			if err := w.Feed.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		now, _ := lastCatalog(one)
		if now <= serial {
			t.Errorf("step %d: serial %d after %d", i, now, serial)
		}
		serial = now
	}
	one.Add("b.example", domaintest.Params(t, `{"type":"A","name":"a","data":"192.0.2.1"}`))
	if now, _ := lastCatalog(one); now != serial {
		t.Errorf("a record makes serial %d of %d", now, serial)
	}
	if !slices.Equal(one.Server.Catalogs(), two.Server.Catalogs()) {
		t.Errorf("the nodes differ:\n%v\n%v", one.Server.Catalogs(), two.Server.Catalogs())
	}
	again := domaintest.Open(t, path)
	if _, version := lastCatalog(again); version != fmt.Sprint(serial, []string{"a.example.", "b.example.", "c.example."}) {
		t.Errorf("after a restart: %s, not %d", version, serial)
	}
	again.Remove("c.example")
	if now, _ := lastCatalog(again); now <= serial {
		t.Errorf("after a restart: serial %d after %d", now, serial)
	}
}

// A node whose entries have been pruned has the serial of the end of the log.
func TestCatalogSerialAfterAPrune(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	one := domaintest.Open(t, path)
	one.AddAccounts()
	two := domaintest.Open(t, path)
	one.Create("a.example")
	one.Create("b.example")
	one.Remove("a.example")
	one.Clock.Advance(24 * time.Hour)
	if err := one.Feed.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := two.Feed.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, want := lastCatalog(one)
	if _, got := lastCatalog(two); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
