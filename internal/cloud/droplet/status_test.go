package droplet_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// watched is an engine that calls seen after it has looked at a machine.
type watched struct {
	compute.Engine
	seen func(id int64)
}

func (e *watched) State(ctx context.Context, id int64) (compute.State, error) {
	state, err := e.Engine.State(ctx, id)
	if e.seen != nil {
		e.seen(id)
	}
	return state, err
}

// exec changes the database by hand.
func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	check(w.t, w.write(func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), statement, args...)
		return err
	}))
}

// TestAStatusThatCouldNotBeKeptIsKeptLater: a machine ends while nothing can be
// written. As soon as something can, the droplet is off and can be powered on.
func TestAStatusThatCouldNotBeKeptIsKeptLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		d := w.active()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.Watch(ctx)
		w.exec(`ALTER TABLE droplets RENAME TO elsewhere`)
		check(t, w.machine.Crash(d.ID))
		time.Sleep(time.Minute)
		w.exec(`ALTER TABLE elsewhere RENAME TO droplets`)
		time.Sleep(time.Minute)
		if got := w.status(d.ID); got != "off" {
			t.Fatalf("the droplet is %s, its machine has ended", got)
		}
		if a := w.act(d.ID, "power_on"); a.Status != action.Completed || w.status(d.ID) != "active" {
			t.Errorf("power_on ended %s: %s", a.Status, a.Reason)
		}
	})
}

// TestReconcileWritesOnlyWhatDiffers: however a status has come to be wrong, it
// is mended; all in one commit, and in none if nothing differs.
func TestReconcileWritesOnlyWhatDiffers(t *testing.T) {
	w := newWorld(t, nil)
	running, stopped, missing, right := w.active(), w.active(), w.active(), w.active()
	w.act(stopped.ID, "power_off")
	check(t, w.machine.Destroy(t.Context(), missing.ID))
	w.exec(`UPDATE droplets SET status = 'off' WHERE id = $1`, running.ID)
	w.exec(`UPDATE droplets SET status = 'active' WHERE id = $1`, stopped.ID)
	for _, commits := range []uint64{1, 0} {
		before := w.DB.Commits()
		w.reconcile()
		if got := w.DB.Commits() - before; got != commits {
			t.Errorf("it took %d commits, want %d", got, commits)
		}
	}
	for id, want := range map[int64]string{running.ID: "active", stopped.ID: "off", missing.ID: "off", right.ID: "active"} {
		if got := w.status(id); got != want {
			t.Errorf("droplet %d is %s, want %s", id, got, want)
		}
	}
}

// blind is an engine that can't see one machine.
type blind struct {
	compute.Engine
	id int64
}

func (e *blind) State(ctx context.Context, id int64) (compute.State, error) {
	if id == e.id {
		return "", errors.New("input/output error")
	}
	return e.Engine.State(ctx, id)
}

// TestOneThatCannotBeSeenKeepsNoOther: a machine has ended, and its state can't
// be asked for. The statuses of others are mended all the same.
func TestOneThatCannotBeSeenKeepsNoOther(t *testing.T) {
	w := newWorld(t, nil)
	unseen, other := w.active(), w.active()
	engine := &blind{Engine: w.Engine, id: unseen.ID}
	w.Engine = engine
	check(t, w.machine.Crash(unseen.ID))
	w.notified()
	w.exec(`UPDATE droplets SET status = 'off' WHERE id = $1`, other.ID)
	if done, err := w.Reconcile(context.Background()); done || err == nil {
		t.Errorf("with a machine that can't be seen: done %v, %v", done, err)
	}
	if got := w.status(other.ID); got != "active" {
		t.Errorf("the other droplet runs and is %s", got)
	}
	engine.id = 0
	w.reconcile()
	if got := w.status(unseen.ID); got != "off" {
		t.Errorf("when it can be seen again it is %s", got)
	}
}

// TestRecoverIsOneCommit: a restart after a long absence changes many droplets.
func TestRecoverIsOneCommit(t *testing.T) {
	w := newWorld(t, nil)
	ids := []int64{w.active().ID, w.active().ID, w.active().ID}
	w.exec(`UPDATE droplets SET status = 'off'`)
	before := w.DB.Commits()
	check(t, w.Recover(t.Context()))
	if got := w.DB.Commits() - before; got != 1 {
		t.Errorf("it took %d commits", got)
	}
	for _, id := range ids {
		if got := w.status(id); got != "active" {
			t.Errorf("droplet %d is %s", id, got)
		}
	}
}

// TestWhatWasSeenBeforeAnActionIsNotWrittenAfterIt: the look at a machine and
// the writing of what was seen are not one moment.
func TestWhatWasSeenBeforeAnActionIsNotWrittenAfterIt(t *testing.T) {
	for name, look := range map[string]func(w *world, id int64){
		"reconcile": func(w *world, _ int64) { w.Reconcile(context.Background()) },
		"event":     func(w *world, id int64) { w.Notify(compute.Event{ID: id, ByGuest: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			d := w.active()
			w.act(d.ID, "power_off")
			w.exec(`UPDATE droplets SET status = 'active' WHERE id = $1`, d.ID)
			engine := &watched{Engine: w.Engine}
			w.Engine = engine
			engine.seen = func(id int64) {
				engine.seen = nil
				w.act(id, "power_on")
			}
			look(w, d.ID)
			if got := w.status(d.ID); got != "active" {
				t.Errorf("the droplet runs and is %s", got)
			}
			w = w.restartedHost()
			w.latest(d.ID)
			if got := w.status(d.ID); got != "active" {
				t.Errorf("after a restart of the host the droplet is %s", got)
			}
		})
	}
}

// TestAnEventDuringAnActionIsKeptAfterIt: an action may have looked at the
// machine just before that ended.
func TestAnEventDuringAnActionIsKeptAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		d := w.active()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.Watch(ctx)
		engine := &watched{Engine: w.Engine}
		w.Engine = engine
		engine.seen = func(id int64) { // when the rename has seen the machine run
			engine.seen = nil
			check(t, w.machine.Shutdown(context.Background(), id))
			synctest.Wait() // until the event is missed
		}
		check(t, acting("rename", "name", "web-2")(w, d.ID))
		if a := w.latest(d.ID); a.Type != "rename" || a.Status != action.Completed || w.status(d.ID) != "active" {
			t.Fatalf("%s is %s, the droplet %s", a.Type, a.Status, w.status(d.ID))
		}
		time.Sleep(10 * time.Second) // less than to the next look at all
		if got := w.status(d.ID); got != "off" {
			t.Errorf("the droplet is %s", got)
		}
	})
}

// TestPreconditionsAreOfTheMachine: a status in the database may be that of a
// moment ago.
func TestPreconditionsAreOfTheMachine(t *testing.T) {
	w := newWorld(t, nil)
	d := w.active()
	w.exec(`UPDATE droplets SET status = 'off' WHERE id = $1`, d.ID)
	if a := w.act(d.ID, "reboot"); a.Status != action.Completed {
		t.Errorf("reboot of a machine that runs: %s %s", a.Status, a.Reason)
	}
	w.exec(`UPDATE droplets SET status = 'off' WHERE id = $1`, d.ID)
	if a := w.act(d.ID, "power_off"); a.Status != action.Completed {
		t.Errorf("power_off of a machine that runs: %s %s", a.Status, a.Reason)
	}
	w.exec(`UPDATE droplets SET status = 'active' WHERE id = $1`, d.ID)
	for actionType, want := range map[string]string{
		"power_off": "Droplet is already powered off",
		"reboot":    "Droplet is currently powered off. Please power it on to run this event.",
	} {
		if _, err := w.try(d.ID, actionType); err == nil || err.Error() != want {
			t.Errorf("%s of a machine that is off: %v", actionType, err)
		}
	}
	if a := w.act(d.ID, "power_on"); a.Status != action.Completed || w.status(d.ID) != "active" {
		t.Errorf("power_on: %s %s", a.Status, a.Reason)
	}
}
