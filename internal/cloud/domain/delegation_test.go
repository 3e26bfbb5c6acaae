package domain_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

func (w *world) change(name string, id int64, text string) {
	w.t.Helper()
	if _, err := w.tryUpdate(name, id, params(w.t, text)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) drop(name string, id int64) {
	w.t.Helper()
	if _, err := w.tryDelete(name, id); err != nil {
		w.t.Fatal(err)
	}
}

// What a domain's delegation says is in the copies of the domain above: that gets
// a new serial, after the change and with it; for other changes it does not.
func TestTheDomainAboveIsCopiedAgain(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"example.com", "top.example.com", "example.org"} {
		w.create(name)
	}
	const child = "a.top.example.com"
	step := func(step domain.Step) func() { return func() { w.step(child, step) } }
	var host, other record.Record
	for _, test := range []struct {
		name    string
		change  func()
		renewed bool
	}{
		{"it comes", func() { w.create(child) }, true},
		{"another record", func() { other = w.add(child, params(t, `{"type":"A","name":"www","data":"1.2.3.4"}`)) }, false},
		{"a name server", func() { w.add(child, params(t, `{"type":"NS","name":"@","data":"ns.A.top.example.com."}`)) }, true},
		{"a name server of another name", func() { w.add(child, params(t, `{"type":"NS","name":"x","data":"ns.example.net."}`)) }, false},
		{"its address", func() { host = w.add(child, params(t, `{"type":"A","name":"NS","data":"1.2.3.4"}`)) }, true},
		{"another address", func() { w.change(child, host.ID, `{"data":"1.2.3.5"}`) }, true},
		{"another record goes", func() { w.drop(child, other.ID) }, false},
		{"its address goes", func() { w.drop(child, host.ID) }, true},
		{"signed", step(domain.StepSign), false},
		{"the DS record", func() { w.advanced(0); w.advanced(time.Hour) }, true},
		{"the next key", step(domain.StepRollover), false},
		{"the next DS record", func() { w.advanced(0); w.advanced(time.Hour) }, true},
		{"the next DS record is there", step(domain.StepConfirmDS), false},
		{"the key before goes", func() { w.advanced(0); w.advanced(24 * time.Hour) }, false},
		{"the DS record goes", step(domain.StepUnsign), true},
		{"it has gone", step(domain.StepConfirmDS), false},
		{"unsigned", func() { w.advanced(0); w.advanced(24 * time.Hour) }, false},
		{"it goes", func() { w.remove(child) }, true},
	} {
		before := w.find("top.example.com")
		beyond := w.find("example.com").Serial
		w.server.mu.Lock()
		w.server.log = nil
		w.server.mu.Unlock()
		test.change()
		if got := w.find("top.example.com").Serial != before.Serial; got != test.renewed {
			t.Errorf("%s: renewed: %t, want %t", test.name, got, test.renewed)
		}
		w.expect("top.example.com", w.full("top.example.com")...)
		if log := w.server.log; test.renewed && log[len(log)-1] != "apply top.example.com." {
			t.Errorf("%s: the domain above is not the last to change: %q", test.name, log)
		}
		if w.find("example.com").Serial != beyond {
			t.Errorf("%s: a domain that does not delegate it is renewed", test.name)
		}
	}
}

// A node that reads the domain above when that is ahead of the log serves the
// domains below first: who copies the new serial would not ask again.
func TestTheDomainAboveIsNotServedBeforeThoseBelow(t *testing.T) {
	for _, prune := range []bool{false, true} {
		t.Run(fmt.Sprintf("the log is pruned: %t", prune), func(t *testing.T) {
			path := storetest.Source(t)
			one := openWorld(t, path)
			one.addAccounts()
			one.create("example.com")
			one.create("gone.example.com")
			two := openWorld(t, path)
			two.server.log = nil
			one.step("example.com", domain.StepSign) // which is read whole
			one.remove("gone.example.com")
			one.create("sub.example.com")
			if prune {
				one.clock.advance(2 * time.Hour)
				if err := one.Feed.Prune(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := two.Feed.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := []string{"remove gone.example.com.", "put sub.example.com.", "put example.com."}; !slices.Equal(two.server.log, want) {
				t.Errorf("%q, want %q", two.server.log, want)
			}
			if got, want := two.server.serial("example.com"), one.find("example.com").Serial; got != want {
				t.Errorf("served with the serial %d, want %d", got, want)
			}
		})
	}
}
