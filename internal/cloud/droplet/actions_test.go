package droplet_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// script is one action as the tests below run it: what must be before, what
// opens it, and what the droplet is when it has completed.
type script struct {
	name   string
	before []string // actions after the create
	open   func(w *world, id int64) error
	want   string // status after the action
	noStep bool   // there is nothing to do after the action is opened
}

func acting(actionType string) func(w *world, id int64) error {
	return func(w *world, id int64) error {
		_, err := w.try(id, actionType)
		return err
	}
}

var scripts = []script{
	{name: "create", want: "active"},
	{name: "power_off", open: acting("power_off"), want: "off"},
	{name: "power_on when on", open: acting("power_on"), want: "active", noStep: true},
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
	{name: "rename", want: "active", noStep: true, open: func(w *world, id int64) error {
		return w.write(func(tx *store.Tx) error {
			_, err := w.RenameByAction(context.Background(), tx, w.account, id, "web-2")
			return err
		})
	}},
}

// trip is an injector that counts points from when it is armed, and gives err
// at the one with that number, and if it is a crash at all that come after.
type trip struct {
	armed atomic.Bool
	count atomic.Int64
	at    int64
	err   error
	hit   chan struct{} // closed at that point
	name  string        // of that point; valid when hit is closed
}

func tripAt(at int64, err error) *trip {
	return &trip{at: at, err: err, hit: make(chan struct{})}
}

func (p *trip) inject(point string) error {
	if !p.armed.Load() {
		return nil
	}
	n := p.count.Add(1)
	if n == p.at {
		p.name = point
		close(p.hit)
		return p.err
	}
	if n > p.at && p.at > 0 && errors.Is(p.err, fault.ErrCrash) {
		return p.err
	}
	return nil
}

// play opens the script's action in a new world and returns the droplet's id.
func (s script) play(t *testing.T, p *trip) (*world, int64) {
	t.Helper()
	w := newWorld(t, p.inject)
	if s.open == nil {
		p.armed.Store(true)
		d, _ := w.create()
		return w, d.ID
	}
	id := w.active().ID
	for _, before := range s.before {
		w.act(id, before)
	}
	p.armed.Store(true)
	check(t, s.open(w, id))
	return w, id
}

// TestActions runs every action cleanly, then fails and crashes it at each of
// the points that it passes. A failed one must end and leave the droplet
// whole; a crashed one must be finished by the next process.
func TestActions(t *testing.T) {
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			clean := &trip{}
			w, id := s.play(t, clean)
			if a := w.latest(id); a.Status != action.Completed || w.status(id) != s.want {
				t.Fatalf("action %s (%s), droplet %s, want %s", a.Status, a.Reason, w.status(id), s.want)
			}
			w.assertSound(id)
			points := clean.count.Load()
			least := int64(2) // a step and the end
			if s.noStep {
				least = 1
			}
			if points < least {
				t.Fatalf("the action passed %d fault points", points)
			}
			for at := int64(1); at <= points; at++ {
				t.Run(fmt.Sprintf("fail at %d", at), func(t *testing.T) { s.fail(t, at) })
				t.Run(fmt.Sprintf("crash at %d", at), func(t *testing.T) { s.crash(t, at, (*world).reopen) })
				t.Run(fmt.Sprintf("crash of the host at %d", at), func(t *testing.T) {
					s.crash(t, at, func(w *world) *world { return w.restartedHost() })
				})
			}
		})
	}
}

func (s script) fail(t *testing.T, at int64) {
	p := tripAt(at, errors.New("no luck"))
	w, id := s.play(t, p)
	await.Receive(t, p.hit, "the action to come to the fault point")
	a := w.latest(id)
	if a.Status == action.Errored && a.Reason == "" {
		t.Errorf("failed at %s without a reason", p.name)
	}
	if a.Status == action.Completed && w.status(id) != s.want {
		t.Errorf("completed, but the droplet is %s, want %s", w.status(id), s.want)
	}
	w.assertSound(id)
}

func (s script) crash(t *testing.T, at int64, again func(*world) *world) {
	p := tripAt(at, fault.ErrCrash)
	w, id := s.play(t, p)
	await.Receive(t, p.hit, "the action to come to the fault point")
	w = again(w)
	a := w.latest(id)
	w.reconcile() // a droplet that a rename kept from being resumed is resumed now
	if w.latest(id); a.Status != action.Completed || w.status(id) != s.want {
		t.Errorf("after a crash at %s: action %s (%s), droplet %s, want %s", p.name, a.Status, a.Reason, w.status(id), s.want)
	}
	w.assertSound(id)
}

// A machine that the database does not know, because an older copy of it was
// put back, must not become the machine of a new droplet.
func TestANewDropletDoesNotTakeOverAMachine(t *testing.T) {
	w := newWorld(t, nil)
	check(t, w.machine.Create(t.Context(), compute.Spec{
		ID: 7, VCPUs: 1, MemoryMB: 256, Disks: []compute.Disk{{SizeGB: 10}},
		Interfaces: []compute.Interface{{MAC: "06:00:00:00:00:07", Address: netip.MustParseAddr("127.18.0.9")}},
	}))
	w = w.reopen()
	if d := w.active(); d.ID != 8 {
		t.Errorf("the next droplet is %d", d.ID)
	}
	machines, err := w.machine.List(t.Context())
	if err != nil || !slices.Equal(machines, []int64{7, 8}) {
		t.Errorf("machines %v, %v", machines, err)
	}
}

// TestStepsAndUndosTwice runs every step twice and every undo twice: the second time
// must change nothing.
func TestStepsAndUndosTwice(t *testing.T) {
	for i, d := range new(droplet.Service).Definitions() {
		t.Run(d.Type, func(t *testing.T) {
			w := newWorld(t, nil)
			created := w.active()
			d := w.Definitions()[i]
			r := &action.Run{Action: action.Action{ResourceID: created.ID}}
			for range 2 {
				for _, step := range d.Steps {
					for range 2 {
						if err := step.Do(t.Context(), r); err != nil {
							t.Fatalf("step %s: %v", step.Name, err)
						}
					}
				}
			}
			if d.Type != "create" {
				return
			}
			for range 2 {
				for i := len(d.Steps) - 1; i >= 0; i-- {
					if undo := d.Steps[i].Undo; undo != nil {
						if err := undo(t.Context(), r); err != nil {
							t.Fatalf("undo %s: %v", d.Steps[i].Name, err)
						}
					}
				}
			}
			machines, err := w.machine.List(t.Context())
			if err != nil || len(machines) != 0 {
				t.Errorf("after the undos: machines %v, error %v", machines, err)
			}
		})
	}
}
