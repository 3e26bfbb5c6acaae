package domain_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// lastCatalog is the last version of the catalog that a name server was told.
func (w *world) lastCatalog() (serial uint32, zones string) {
	w.t.Helper()
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	if len(w.server.catalog) == 0 {
		w.t.Fatal("no catalog")
	}
	last := w.server.catalog[len(w.server.catalog)-1]
	if _, err := fmt.Sscan(last, &serial); err != nil {
		w.t.Fatal(err)
	}
	return serial, last
}

// The catalog's serial grows with every domain that comes or goes, and only
// then, however many there are in a second. All nodes have the same.
func TestCatalogSerial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	one := openWorld(t, path)
	one.addAccounts()
	two := openWorld(t, path)
	serial, _ := one.lastCatalog()
	for i, do := range []func(){
		func() { one.create("a.example") },
		func() { one.create("b.example") },
		func() { one.remove("a.example") },
		func() { two.create("a.example") },
		func() { two.create("c.example") },
	} {
		do()
		for _, w := range []*world{one, two} {
			if err := w.Feed.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		now, _ := one.lastCatalog()
		if now <= serial {
			t.Errorf("step %d: serial %d after %d", i, now, serial)
		}
		serial = now
	}
	one.add("b.example", params(t, `{"type":"A","name":"a","data":"192.0.2.1"}`))
	if now, _ := one.lastCatalog(); now != serial {
		t.Errorf("a record makes serial %d of %d", now, serial)
	}
	if !slices.Equal(one.server.catalog, two.server.catalog) {
		t.Errorf("the nodes differ:\n%v\n%v", one.server.catalog, two.server.catalog)
	}
	again := openWorld(t, path)
	if _, version := again.lastCatalog(); version != fmt.Sprint(serial, []string{"a.example.", "b.example.", "c.example."}) {
		t.Errorf("after a restart: %s, not %d", version, serial)
	}
	again.remove("c.example")
	if now, _ := again.lastCatalog(); now <= serial {
		t.Errorf("after a restart: serial %d after %d", now, serial)
	}
}

// A node that comes late to the log has the serial of its end.
func TestCatalogSerialOfALateNode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	one := openWorld(t, path)
	one.addAccounts()
	two := openWorld(t, path)
	one.create("a.example")
	one.create("b.example")
	one.remove("a.example")
	one.clock.advance(24 * time.Hour)
	if err := one.Feed.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := two.Feed.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, want := one.lastCatalog()
	if _, got := two.lastCatalog(); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
