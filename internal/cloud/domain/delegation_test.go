package domain_test

import (
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
)

func (w *world) change(name string, id int64, text string) {
	w.T.Helper()
	if _, err := w.TryUpdate(name, id, domaintest.Params(w.T, text)); err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) drop(name string, id int64) {
	w.T.Helper()
	if _, err := w.TryDelete(name, id); err != nil {
		w.T.Fatal(err)
	}
}

// When the delegation of a domain changes, the domain above gets a new serial after
// that change, so that secondaries copy it again. Other changes do not renew it.
func TestTheDomainAboveIsRenewedWithTheDelegation(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"example.com", "top.example.com", "example.org"} {
		w.Create(name)
	}
	const child = "a.top.example.com"
	step := func(step domain.Step) func() { return func() { w.step(child, step) } }
	var host, other record.Record
	for _, test := range []struct {
		name    string
		change  func()
		renewed bool
	}{
		{"it comes", func() { w.Create(child) }, true},
		{"another record", func() { other = w.Add(child, domaintest.Params(t, `{"type":"A","name":"www","data":"1.2.3.4"}`)) }, false},
		{"a name server", func() { w.Add(child, domaintest.Params(t, `{"type":"NS","name":"@","data":"ns.A.top.example.com."}`)) }, true},
		{"a name server of another name", func() { w.Add(child, domaintest.Params(t, `{"type":"NS","name":"x","data":"ns.example.net."}`)) }, false},
		{"its address", func() { host = w.Add(child, domaintest.Params(t, `{"type":"A","name":"NS","data":"1.2.3.4"}`)) }, true},
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
		{"it goes", func() { w.Remove(child) }, true},
	} {
		before := w.Find("top.example.com")
		beyond := w.Find("example.com").Serial
		w.Server.ForgetCalls()
		test.change()
		if got := w.Find("top.example.com").Serial != before.Serial; got != test.renewed {
			t.Errorf("%s: renewed: %t, want %t", test.name, got, test.renewed)
		}
		w.Expect("top.example.com", w.Full("top.example.com")...)
		if log := w.Server.Calls(); test.renewed && log[len(log)-1] != "apply top.example.com." {
			t.Errorf("%s: the domain above is not the last to change: %q", test.name, log)
		}
		if w.Find("example.com").Serial != beyond {
			t.Errorf("%s: a domain that does not delegate it is renewed", test.name)
		}
	}
}
