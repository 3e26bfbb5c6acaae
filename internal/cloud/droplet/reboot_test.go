package droplet_test

import (
	"errors"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
)

// For example, QEMU does not answer.
func TestARebootResetsAMachineThatCannotBeAskedToPowerOff(t *testing.T) {
	w := newWorld(t, func(point string) error {
		if point == "simulated.shutdown" {
			return errors.New("QEMU does not answer")
		}
		return nil
	})
	id := w.active().ID
	if a := w.act(id, "reboot"); a.Status != action.Completed || w.status(id) != "active" {
		t.Errorf("action %s (%s), droplet %s", a.Status, a.Reason, w.status(id))
	}
	if a := w.act(id, "shutdown"); a.Status != action.Errored || a.Reason == "" {
		t.Errorf("a shutdown that did not reach the machine ended %s (%s)", a.Status, a.Reason)
	}
}
