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

// watched is an engine that calls afterState after each call of State.
type watched struct {
	compute.Engine
	afterState func(id int64)
}

func (e *watched) State(ctx context.Context, id int64) (compute.State, error) {
	state, err := e.Engine.State(ctx, id)
	if e.afterState != nil {
		e.afterState(id)
	}
	return state, err
}

// exec executes a statement in a transaction of its own.
func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	check(w.t, w.write(func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), statement, args...)
		return err
	}))
}

// A machine stops while the database can't be written. As soon as it can, the droplet is
// off and can be powered on.
func TestAStatusThatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
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

// Reconcile corrects all wrong statuses in one commit, and makes no commit if none is
// wrong.
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

// blind is an engine that can't read the state of one machine.
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

// The state of a stopped machine can't be read. The statuses of other droplets are
// corrected all the same.
func TestAMachineWithoutAStateDoesNotBlockOthers(t *testing.T) {
	w := newWorld(t, nil)
	unseen, other := w.active(), w.active()
	engine := &blind{Engine: w.Engine, id: unseen.ID}
	w.Engine = engine
	check(t, w.machine.Crash(unseen.ID))
	w.closeMachines()
	w.exec(`UPDATE droplets SET status = 'off' WHERE id = $1`, other.ID)
	if done, err := w.Reconcile(context.Background()); done || err == nil {
		t.Errorf("with a machine whose state can't be read: done %v, %v", done, err)
	}
	if got := w.status(other.ID); got != "active" {
		t.Errorf("the other droplet runs and is %s", got)
	}
	engine.id = 0
	w.reconcile()
	if got := w.status(unseen.ID); got != "off" {
		t.Errorf("when its state can be read again it is %s", got)
	}
}

// A restart may have to change the statuses of many droplets.
func TestRecoverWritesAllStatusesInOneCommit(t *testing.T) {
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

// An action may begin between the observation of a machine and its writing.
func TestAnObservationFromBeforeAnActionIsNotWritten(t *testing.T) {
	for name, observe := range map[string]func(w *world, id int64){
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
			engine.afterState = func(id int64) {
				engine.afterState = nil
				w.act(id, "power_on")
			}
			observe(w, d.ID)
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

// An action may have observed the machine just before it stopped.
func TestAnEventDuringAnActionIsAppliedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		d := w.active()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.Watch(ctx)
		engine := &watched{Engine: w.Engine}
		w.Engine = engine
		engine.afterState = func(id int64) { // when the rename has observed that the machine runs
			engine.afterState = nil
			check(t, w.machine.Shutdown(context.Background(), id))
			synctest.Wait() // until the event is queued
		}
		check(t, acting("rename", "name", "web-2")(w, d.ID))
		if a := w.latest(d.ID); a.Type != "rename" || a.Status != action.Completed || w.status(d.ID) != "active" {
			t.Fatalf("%s is %s, the droplet %s", a.Type, a.Status, w.status(d.ID))
		}
		time.Sleep(10 * time.Second) // less than the interval of Watch
		if got := w.status(d.ID); got != "off" {
			t.Errorf("the droplet is %s", got)
		}
	})
}

// The status in the database may be out of date.
func TestPreconditionsAskTheMachine(t *testing.T) {
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
