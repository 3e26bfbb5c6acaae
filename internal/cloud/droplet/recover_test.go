package droplet_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga/sagatest"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// boots is how often the droplet's machine has been started.
func (w *world) boots(id int64) int {
	w.t.Helper()
	console, err := w.machine.Console(context.Background(), id)
	check(w.t, err)
	text, err := io.ReadAll(console)
	check(w.t, err)
	return strings.Count(string(text), "\n")
}

// notified waits until all events of machines have been dealt with.
func (w *world) notified() {
	w.t.Helper()
	check(w.t, w.machine.Close())
}

// TestAfterARestartOfTheHost: what ran before runs again, what was switched off
// stays off.
func TestAfterARestartOfTheHost(t *testing.T) {
	w := newWorld(t, nil)
	ran, switchedOff, poweredOff, crashed := w.active(), w.active(), w.active(), w.active()
	w.act(switchedOff.ID, "power_off")
	check(t, w.machine.Shutdown(t.Context(), poweredOff.ID))
	check(t, w.machine.Crash(crashed.ID)) // as the host ends its processes before itself
	w.notified()
	for range 2 { // the host's restarts
		w = w.restartedHost()
		for d, want := range map[*droplet.Droplet]string{&ran: "active", &switchedOff: "off", &poweredOff: "off", &crashed: "active"} {
			if a := w.latest(d.ID); a.Status != action.Completed || want == "active" && a.Type != "power_on" {
				t.Errorf("droplet %d: its latest action, %s, is %s", d.ID, a.Type, a.Status)
			}
			if got := w.status(d.ID); got != want {
				t.Errorf("droplet %d is %s, want %s", d.ID, got, want)
			}
			w.assertSound(d.ID)
		}
	}
}

// TestWhatEndsAloneStaysOff: without a restart of the host, a machine that has
// ended is off until its owner says otherwise.
func TestWhatEndsAloneStaysOff(t *testing.T) {
	w := newWorld(t, nil)
	seen, unseen := w.active(), w.active()
	check(t, w.machine.Crash(seen.ID))
	w.notified()
	check(t, w.machine.Crash(unseen.ID)) // a closed engine tells nobody
	for range 2 {
		w = w.reopen()
		for _, id := range []int64{seen.ID, unseen.ID} {
			if a := w.latest(id); a.Type != "create" || w.status(id) != "off" {
				t.Errorf("droplet %d is %s, its latest action is %s", id, w.status(id), a.Type)
			}
		}
	}
}

// TestTheOperatorCanLeaveDropletsOff: then they stay off, also when the
// operator changes their mind within the same life of the host.
func TestTheOperatorCanLeaveDropletsOff(t *testing.T) {
	w := newWorld(t, nil)
	d := w.active()
	w = w.restartedHost(func(s *droplet.Service) { s.Resume = false })
	if a := w.latest(d.ID); a.Type != "create" || w.status(d.ID) != "off" {
		t.Errorf("the droplet is %s, its latest action is %s", w.status(d.ID), a.Type)
	}
	w = w.reopen()
	if a := w.latest(d.ID); a.Type != "create" || w.status(d.ID) != "off" {
		t.Errorf("after a restart of the process the droplet is %s, its latest action is %s", w.status(d.ID), a.Type)
	}
}

// TestACrashWhileDropletsAreResumed crashes at each fault point that resuming
// three droplets passes: the next process starts those that are left, and none
// twice.
func TestACrashWhileDropletsAreResumed(t *testing.T) {
	for at := int64(1); ; at++ {
		p := sagatest.NewInjector(at, fault.ErrCrash)
		w := newWorld(t, nil)
		ids := []int64{w.active().ID, w.active().ID, w.active().ID}
		p.Arm()
		w.close()
		w = openWorld(t, w.dir, "second life", sagatest.Setup{Inject: p.Inject})
		for p.Count() < at && !w.allIdle(ids) {
			runtime.Gosched()
		}
		passed := p.Count() < at
		if !passed {
			<-p.Hit()
			w = w.reopen()
		}
		for _, id := range ids {
			if a := w.latest(id); a.Status != action.Completed || w.status(id) != "active" {
				t.Errorf("crash at %d: droplet %d is %s, %s is %s", at, id, w.status(id), a.Type, a.Status)
			}
			if got := w.boots(id); got != 2 {
				t.Errorf("crash at %d: droplet %d was started %d times", at, id, got)
			}
		}
		if passed {
			if at < 3 {
				t.Errorf("resuming passed only %d fault points", at-1)
			}
			return
		}
	}
}

func (w *world) allIdle(ids []int64) bool {
	for _, id := range ids {
		if _, pending, err := saga.Holder(context.Background(), w.DB, droplet.Resource(id).Lock()); err != nil || pending {
			return false
		}
	}
	return true
}

// TestOneThatCannotBeResumed is off with a reason, stops no other, and is tried
// again after the next restart of the host.
func TestOneThatCannotBeResumed(t *testing.T) {
	w := newWorld(t, nil)
	broken, whole := w.active(), w.active()
	w = w.restartedHost(func(s *droplet.Service) {
		s.Engine = &starter{Engine: s.Engine, start: func(id int64) error {
			if id == broken.ID {
				return errors.New("no luck")
			}
			return nil
		}}
	})
	if a := w.latest(broken.ID); a.Status != action.Errored || a.Reason != "no luck" || w.status(broken.ID) != "off" {
		t.Errorf("the broken one is %s, %s is %s: %s", w.status(broken.ID), a.Type, a.Status, a.Reason)
	}
	if w.latest(whole.ID); w.status(whole.ID) != "active" {
		t.Errorf("the whole one is %s", w.status(whole.ID))
	}
	w = w.restartedHost()
	if a := w.latest(broken.ID); a.Status != action.Completed || w.status(broken.ID) != "active" {
		t.Errorf("after the next restart it is %s: %s", w.status(broken.ID), a.Reason)
	}
}

// starter is an engine that calls start before it starts a machine.
type starter struct {
	compute.Engine
	start func(id int64) error
}

func (e *starter) Start(ctx context.Context, id int64) error {
	if err := e.start(id); err != nil {
		return err
	}
	return e.Engine.Start(ctx, id)
}

func (e *starter) HostLife() (string, error) { return e.Engine.(compute.Hosted).HostLife() }

// TestMachinesAreStartedInTurns: as many at a time as there are processors, and
// no more.
func TestMachinesAreStartedInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		turns := max(2, runtime.NumCPU())
		w.Limits.Droplets = 2*turns + 1
		ids := []int64{}
		for range w.Limits.Droplets {
			ids = append(ids, w.active().ID)
		}
		var starting atomic.Int64
		release := make(chan struct{})
		w = w.restartedHost(func(s *droplet.Service) {
			s.Engine = &starter{Engine: s.Engine, start: func(int64) error {
				starting.Add(1)
				<-release
				return nil
			}}
		})
		synctest.Wait()
		if got := starting.Load(); got != int64(turns) {
			t.Errorf("%d of %d machines are being started at a time, want %d", got, len(ids), turns)
		}
		close(release)
		for _, id := range ids {
			if a := w.latest(id); a.Status != action.Completed || w.status(id) != "active" {
				t.Errorf("droplet %d is %s, %s is %s", id, w.status(id), a.Type, a.Status)
			}
		}
	})
}

// A create takes no id of a machine without a droplet, also when a full disk has
// kept Recover from writing that down.
func TestANewDropletHasNoStraysMachine(t *testing.T) {
	w := newWorld(t, nil)
	check(t, w.machine.Create(t.Context(), compute.Spec{
		ID: 7, VCPUs: 1, MemoryMB: 256, Disks: []compute.Disk{{SizeGB: 10}},
		Interfaces: []compute.Interface{{MAC: "06:00:00:00:00:07", Address: netip.MustParseAddr("127.18.0.7")}},
	}))
	unrecovered := &droplet.Service{
		DB: w.DB, Actions: w.Actions, Images: w.Images, Regions: w.Regions, Sizes: w.Sizes,
		Pool: w.Pool, Engine: w.machine, Limits: w.Limits, Log: w.Log,
	}
	plan, err := unrecovered.Plan(t.Context(), w.account, droplet.Create{Name: "new", Region: "nyc3", Size: "s-1vcpu-256mb", Image: "micro"})
	check(t, err)
	check(t, w.DB.Write(t.Context(), func(tx *store.Tx) error {
		made, _, err := plan.Do(t.Context(), tx)
		if err == nil && made[0].ID <= 7 {
			t.Errorf("the new droplet has the id %d, but machine 7 is there", made[0].ID)
		}
		return err
	}))
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
