package droplet_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// dimensions are what a resize changes.
type dimensions struct {
	size                    string
	vcpus, memoryMB, diskGB int
}

// small are the dimensions of the world's droplets.
var small = dimensions{"s-1vcpu-256mb", 1, 256, 10}

// hasDimensions returns a function that fails the test unless the droplet and its
// machine have those dimensions.
func hasDimensions(want dimensions) func(w *world, id int64) {
	return func(w *world, id int64) {
		w.t.Helper()
		d, err := w.Get(context.Background(), w.account, id)
		check(w.t, err)
		if got := (dimensions{d.Size, d.VCPUs, d.MemoryMB, d.DiskGB}); got != want {
			w.t.Errorf("the droplet is %+v, want %+v", got, want)
		}
		w.assertMachine(id, want)
	}
}

// assertMachine fails the test unless the machine has those dimensions.
func (w *world) assertMachine(id int64, want dimensions) {
	w.t.Helper()
	spec, err := w.machine.Spec(context.Background(), id)
	check(w.t, err)
	if got := (dimensions{want.size, spec.VCPUs, spec.MemoryMB, spec.Disks[0].SizeGB}); got != want {
		w.t.Errorf("the machine is %+v, want %+v", got, want)
	}
}

func TestInvalidResizesAreRejected(t *testing.T) {
	w := newWorld(t, nil)
	id := w.active().ID
	const running, off = "running", "off"
	for _, test := range []struct {
		state  string
		params []any
		want   string
	}{
		{running, []any{"size", "s-1vcpu-1gb"}, "Droplet must be powered off to resize"},
		{running, []any{"size", "nosuch"}, "You specified an invalid size for Droplet resize."},
		{off, nil, "You specified an invalid size for Droplet resize."},
		{off, []any{"size", 7}, "You specified an invalid size for Droplet resize."},
		{off, []any{"size", "s-1vcpu-256mb"}, "Droplet already has size s-1vcpu-256mb"},
		{off, []any{"size", "s-1vcpu-256mb", "disk", true}, "Droplet already has size s-1vcpu-256mb"},
		{off, []any{"size", "s-24vcpu-128gb"}, "Size is too large to fit on your droplet's server"},
	} {
		if test.state == off && w.status(id) == "active" {
			w.act(id, "power_off")
		}
		if _, err := w.try(id, "resize", test.params...); err == nil || err.Error() != test.want {
			t.Errorf("resize %v of a droplet that is %s: %v, want %s", test.params, test.state, err, test.want)
		}
	}
	hasDimensions(small)(w, id)
}

// After a resize with the disk, a size with a smaller disk is rejected.
func TestADiskNeverBecomesSmaller(t *testing.T) {
	w := newWorld(t, nil)
	id := w.active().ID
	w.act(id, "power_off")
	w.act(id, "resize", "size", "s-3vcpu-1gb") // without the disk
	hasDimensions(dimensions{"s-3vcpu-1gb", 3, 1024, 10})(w, id)
	w.act(id, "resize", "size", "s-1vcpu-256mb") // which the disk permits
	hasDimensions(small)(w, id)
	w.act(id, "resize", "size", "s-3vcpu-1gb")
	w.act(id, "resize", "size", "s-3vcpu-1gb", "disk", true) // the same size, for its disk
	hasDimensions(dimensions{"s-3vcpu-1gb", 3, 1024, 60})(w, id)
	if _, err := w.try(id, "resize", "size", "s-1vcpu-256mb"); err == nil || err.Error() != "Size can not decrease size of Droplet's disk image" {
		t.Errorf("a size with a smaller disk: %v", err)
	}
	w.act(id, "power_on")
	w.assertMachine(id, dimensions{"s-3vcpu-1gb", 3, 1024, 60})
}

// A resize that fails leaves droplet, machine and budget as they were.
func TestAFailedResizeIsUndone(t *testing.T) {
	fails := false
	w := newWorld(t, func(point string) error {
		if fails && point == "simulated.change" {
			fails = false
			return errors.New("no luck")
		}
		return nil
	})
	id := w.active().ID
	w.act(id, "power_off")
	before, err := droplet.Allocated(t.Context(), w.DB)
	check(t, err)
	fails = true
	if a := w.act(id, "resize", "size", "s-3vcpu-1gb", "disk", true); a.Status != action.Errored || a.Reason != "change machine 1: no luck" {
		t.Errorf("the resize ended %s: %s", a.Status, a.Reason)
	}
	hasDimensions(small)(w, id)
	if after, err := droplet.Allocated(t.Context(), w.DB); err != nil || after != before {
		t.Errorf("droplets have %+v, %v; before the resize %+v", after, err, before)
	}
}

// A machine that is gone can't be resized. The action ends, and so does the lock.
func TestAResizeWithoutAMachineEnds(t *testing.T) {
	w := newWorld(t, nil)
	id := w.active().ID
	w.act(id, "power_off")
	check(t, w.machine.Destroy(t.Context(), id))
	if a := w.act(id, "resize", "size", "s-1vcpu-1gb"); a.Status != action.Errored || a.Reason == "" {
		t.Errorf("the resize ended %s: %s", a.Status, a.Reason)
	}
	if got := w.status(id); got != "off" {
		t.Errorf("the droplet is %s", got)
	}
}

// A machine that is larger than its row says, as after the restore of an older
// backup, keeps its disk, and a failed resize of it ends.
func TestAResizeOfAMachineThatIsLargerThanItsRow(t *testing.T) {
	fails := false
	w := newWorld(t, func(point string) error {
		if fails && point == "simulated.change" {
			fails = false
			return errors.New("no luck")
		}
		return nil
	})
	id := w.active().ID
	w.act(id, "power_off")
	w.act(id, "resize", "size", "s-3vcpu-1gb", "disk", true)
	w.act(id, "power_on")
	w.act(id, "power_off")
	check(t, w.write(func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE droplets SET size_slug = 's-1vcpu-256mb', memory_mb = 256, vcpus = 1, disk_gb = 10 WHERE id = $1`, id)
		return err
	}))
	fails = true
	if a := w.act(id, "resize", "size", "s-1vcpu-512mb-10gb"); a.Status != action.Errored {
		t.Errorf("the resize that fails ended %s", a.Status)
	}
	w.assertMachine(id, dimensions{"s-3vcpu-1gb", 3, 1024, 60})
	if a := w.act(id, "resize", "size", "s-1vcpu-512mb-10gb"); a.Status != action.Completed {
		t.Errorf("the resize ended %s: %s", a.Status, a.Reason)
	}
	w.assertMachine(id, dimensions{"s-1vcpu-512mb-10gb", 1, 512, 60})
	// With the disk: the engine refuses a smaller one, and the action ends.
	if a := w.act(id, "resize", "size", "s-1vcpu-1gb", "disk", true); a.Status != action.Errored {
		t.Errorf("a disk that would shrink: %s", a.Status)
	}
	w.assertMachine(id, dimensions{"s-1vcpu-512mb-10gb", 1, 512, 60})
}

// A machine that somebody has started meanwhile keeps its size, and the action
// ends.
func TestAResizeOfAMachineThatRunsEnds(t *testing.T) {
	w := newWorld(t, nil)
	id := w.active().ID
	w.act(id, "power_off")
	plan, err := w.PlanAction(t.Context(), w.account, id, "resize", map[string]any{"size": "s-1vcpu-1gb"})
	check(t, err)
	check(t, w.machine.Start(t.Context(), id))
	var a action.Action
	check(t, w.write(func(tx *store.Tx) (err error) {
		a, err = plan.Open(t.Context(), tx)
		return err
	}))
	if a = w.wait(a.ID); a.Status != action.Errored {
		t.Errorf("the resize ended %s", a.Status)
	}
	w.assertMachine(id, small)
	if got := w.status(id); got != "active" {
		t.Errorf("the droplet is %s", got)
	}
}

// Of two resizes that fit only one at a time, the second is rejected.
func TestAResizeReservesItsBudget(t *testing.T) {
	w := newWorld(t, nil)
	w.Budget = func() droplet.Budget { return droplet.Budget{MemoryMB: 1536, DiskGB: 80} }
	one, two := w.active().ID, w.active().ID
	w.act(one, "power_off")
	w.act(two, "power_off")
	first, err := w.try(one, "resize", "size", "s-1vcpu-1gb")
	check(t, err)
	const want = "Size is too large to fit on your droplet's server: 768 MB of memory are wanted, 256 MB of 1536 MB are free"
	if _, err := w.try(two, "resize", "size", "s-1vcpu-1gb"); err == nil || err.Error() != want {
		t.Errorf("the second resize: %v, want %s", err, want)
	}
	w.wait(first.ID)
	if _, err := w.try(two, "resize", "size", "s-1vcpu-1gb"); err == nil || err.Error() != want {
		t.Errorf("the second resize, later: %v, want %s", err, want)
	}
	w.act(one, "resize", "size", "s-1vcpu-256mb")
	w.act(two, "resize", "size", "s-1vcpu-1gb")
	hasDimensions(dimensions{"s-1vcpu-1gb", 1, 1024, 10})(w, two)
}
