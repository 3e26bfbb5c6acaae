package droplet_test

import (
	"context"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga/sagatest"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// trial is an action that TestActions runs.
type trial struct {
	name   string
	before []string                       // actions after the create
	open   func(w *world, id int64) error // nil for create
	want   string                         // status after the action; "gone" after a destroy
	empty  bool                           // the action passes no fault point
	assert func(w *world, id int64)       // what else must be then; a trial that leaves the status as it was needs it
}

func acting(actionType string, params ...any) func(w *world, id int64) error {
	return func(w *world, id int64) error {
		_, err := w.try(id, actionType, params...)
		return err
	}
}

var trials = []trial{
	{name: "create", want: "active"},
	{name: "power_off", open: acting("power_off"), want: "off"},
	{name: "power_on when on", open: acting("power_on"), want: "active", empty: true, assert: isNamed("web-1")},
	{name: "power_on", before: []string{"power_off"}, open: acting("power_on"), want: "active"},
	{name: "power_cycle", open: acting("power_cycle"), want: "active"},
	{name: "power_cycle when off", before: []string{"power_off"}, open: acting("power_cycle"), want: "active"},
	{name: "shutdown", open: acting("shutdown"), want: "off"},
	{name: "shutdown when off", before: []string{"power_off"}, open: acting("shutdown"), want: "off"},
	{name: "reboot", open: acting("reboot"), want: "active"},
	{name: "destroy", want: "gone", open: func(w *world, id int64) error {
		return w.write(func(tx *store.Tx) error {
			_, _, err := w.Delete(context.Background(), tx, w.account, id)
			return err
		})
	}},
	{name: "resize", before: []string{"power_off"}, open: acting("resize", "size", "s-1vcpu-512mb-10gb"), want: "off",
		assert: hasDimensions(dimensions{"s-1vcpu-512mb-10gb", 1, 512, 10})},
	{name: "resize with disk", before: []string{"power_off"}, open: acting("resize", "size", "s-3vcpu-1gb", "disk", true), want: "off",
		assert: hasDimensions(dimensions{"s-3vcpu-1gb", 3, 1024, 60})},
	{name: "rename", want: "active", empty: true, open: acting("rename", "name", "web-2"), assert: isNamed("web-2")},
}

// isNamed returns a function that fails the test unless the droplet has that name.
func isNamed(want string) func(w *world, id int64) {
	return func(w *world, id int64) {
		w.t.Helper()
		d, err := w.Get(context.Background(), w.account, id)
		check(w.t, err)
		if d.Name != want {
			w.t.Errorf("the droplet's name is %s, want %s", d.Name, want)
		}
	}
}

// What restarts a machine starts it once more, and what finds it on does not.
func TestStartsOfTheMachine(t *testing.T) {
	for actionType, want := range map[string]int{"power_on": 1, "power_cycle": 2, "reboot": 2, "rename": 1} {
		w := newWorld(t, nil)
		id := w.active().ID
		w.act(id, actionType, "name", "web-2")
		if got := w.boots(id); got != want {
			t.Errorf("after %s the machine has been started %d times, want %d", actionType, got, want)
		}
	}
}

// TestActions runs every kind of action as package sagatest does: cleanly, each
// step twice, and with failures and crashes at every point.
func TestActions(t *testing.T) {
	suite := sagatest.Suite[*world]{
		Open: func(t *testing.T, setup sagatest.Setup) *world {
			return openWorld(t, t.TempDir(), firstBoot, setup)
		},
		Recoveries: map[string]func(*world) *world{
			"process restarted": (*world).reopen,
			"host restarted":    func(w *world) *world { return w.restartedHost() },
		},
		Wait: func(w *world) saga.End {
			a := w.latest(w.tried)
			w.reconcile() // resumes a droplet that had an unfinished rename during Recover
			w.latest(w.tried)
			return saga.End{Failed: a.Status == action.Errored, Reason: a.Reason}
		},
		AssertSound: func(w *world) { w.assertSound(w.tried) },
	}
	var cases []sagatest.Case[*world]
	for _, trial := range trials {
		cases = append(cases, sagatest.Case[*world]{
			Name: trial.name, Empty: trial.empty,
			Begin: trial.begin,
			AssertCompleted: func(w *world) {
				w.t.Helper()
				if got := w.status(w.tried); got != trial.want {
					w.t.Errorf("the droplet is %s, want %s", got, trial.want)
				}
				if trial.assert != nil {
					trial.assert(w, w.tried)
				}
			},
		})
	}
	suite.Run(t, cases...)
}

func (c trial) begin(w *world, arm func()) {
	w.t.Helper()
	if c.open == nil {
		arm()
		d, _ := w.create()
		w.tried = d.ID
		return
	}
	w.tried = w.active().ID
	for _, before := range c.before {
		w.act(w.tried, before)
	}
	arm()
	check(w.t, c.open(w, w.tried))
}
