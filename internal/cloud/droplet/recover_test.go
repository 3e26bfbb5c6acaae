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

// boots returns how often the droplet's machine has been started.
func (w *world) boots(id int64) int {
	w.t.Helper()
	console, err := w.machine.Console(context.Background(), id)
	check(w.t, err)
	text, err := io.ReadAll(console)
	check(w.t, err)
	return strings.Count(string(text), "\n")
}

// closeMachines closes the engine, which waits until Notify has returned for all events.
func (w *world) closeMachines() {
	w.t.Helper()
	check(w.t, w.machine.Close())
}

// Droplets that ran before run again. Droplets that were powered off stay off.
func TestARestartOfTheHostResumesDroplets(t *testing.T) {
	w := newWorld(t, nil)
	ran, switchedOff, poweredOff, crashed := w.active(), w.active(), w.active(), w.active()
	w.act(switchedOff.ID, "power_off")
	check(t, w.machine.Shutdown(t.Context(), poweredOff.ID))
	check(t, w.machine.Crash(crashed.ID)) // as a host that shuts down kills its processes first
	w.closeMachines()
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

// Without a restart of the host, a machine that has stopped stays off until its owner
// powers it on.
func TestAMachineThatCrashedStaysOff(t *testing.T) {
	w := newWorld(t, nil)
	watched, unwatched := w.active(), w.active()
	check(t, w.machine.Crash(watched.ID))
	w.closeMachines()
	check(t, w.machine.Crash(unwatched.ID)) // a closed engine sends no events
	for range 2 {
		w = w.reopen()
		for _, id := range []int64{watched.ID, unwatched.ID} {
			if a := w.latest(id); a.Type != "create" || w.status(id) != "off" {
				t.Errorf("droplet %d is %s, its latest action is %s", id, w.status(id), a.Type)
			}
		}
	}
}

// Without Resume, droplets stay off after a restart of the host. They also stay off if
// Resume is switched on later during the same boot.
func TestWithoutResumeDropletsStayOff(t *testing.T) {
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

// The process crashes at each fault point that resuming three droplets passes. The next
// process starts the remaining droplets, and none twice.
func TestResumingContinuesAfterACrash(t *testing.T) {
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

// A droplet that can't be resumed is off, its action has the reason, and others are
// resumed. It is tried again after the next restart of the host.
func TestADropletThatCannotBeResumed(t *testing.T) {
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

// As many machines start at a time as there are processors, but at least two.
func TestTheNumberOfConcurrentStartsIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		limit := max(2, runtime.NumCPU())
		w.Limits.Droplets = 2*limit + 1
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
		if got := starting.Load(); got != int64(limit) {
			t.Errorf("%d of %d machines are being started at a time, want %d", got, len(ids), limit)
		}
		close(release)
		for _, id := range ids {
			if a := w.latest(id); a.Status != action.Completed || w.status(id) != "active" {
				t.Errorf("droplet %d is %s, %s is %s", id, w.status(id), a.Type, a.Status)
			}
		}
	})
}

// A machine without a droplet exists, and a full disk has prevented Recover from raising
// the sequence of ids. A create does it instead.
func TestACreateNeverTakesTheIDOfAMachineIfRecoverFailed(t *testing.T) {
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
			t.Errorf("the new droplet has the id %d, but machine 7 exists", made[0].ID)
		}
		return err
	}))
}

// After an older backup was restored, a machine without a droplet may exist. It must not
// become the machine of a new droplet.
func TestACreateNeverTakesTheIDOfAMachine(t *testing.T) {
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
