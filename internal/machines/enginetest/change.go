package enginetest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// larger is the spec of the machine with more of all that can't change while it
// runs.
func (h *harness) larger(id int64) compute.Spec {
	spec := h.spec(id)
	spec.VCPUs, spec.MemoryMB, spec.Disks[0].SizeGB = 2, spec.MemoryMB+64, 3
	return spec
}

func (h *harness) forwarding(id int64, ports ...int) compute.Spec {
	spec := h.spec(id)
	spec.Interfaces[0].Forwards = nil
	for _, port := range ports {
		spec.Interfaces[0].Forwards = append(spec.Interfaces[0].Forwards, compute.Forward{HostPort: port, GuestPort: 22})
	}
	return spec
}

func (h *harness) change(spec compute.Spec) func() error {
	return func() error { return h.engine.Change(h.ctx, spec) }
}

// testForwards changes what reaches a machine that is stopped, that runs, and
// that the next process serves.
func testForwards(h *harness) {
	const id = 18
	h.must("create", h.engine.Create(h.ctx, h.spec(id)))
	h.wantReached(id)
	h.twice("forward while it is stopped", h.change(h.forwarding(id, 2223)))
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantReached(id, 2223)
	h.must("reset", h.engine.Reset(h.ctx, id))
	h.wantReached(id, 2223)
	h.twice("forward while it runs", h.change(h.forwarding(id, 2222, 2224)))
	h.wantState(id, compute.Running)
	h.nextProcess()
	h.twice("reset", func() error { return h.engine.Reset(h.ctx, id) })
	h.wantState(id, compute.Running)
	h.wantReached(id, 2222, 2224)
	h.must("forward nothing", h.change(h.forwarding(id))())
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantReached(id)
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.wantQuiet()
}

// wantReached connects to the machine's address at those ports and at no other
// that the tests forward, if the engine binds them.
func (h *harness) wantReached(id int64, ports ...int) {
	h.Helper()
	if !h.engine.Traits().BindsPorts {
		return
	}
	for _, port := range []int{2222, 2223, 2224} {
		at := netip.AddrPortFrom(h.spec(id).Interfaces[0].Address, uint16(port)).String()
		conn, err := net.DialTimeout("tcp4", at, h.options.Deadline)
		if err == nil {
			conn.Close()
		}
		if reached := err == nil; reached != slices.Contains(ports, port) {
			h.Fatalf("%s is reached: %v (%v), want %v alone", at, reached, err, ports)
		}
	}
}

// testChange gives a machine more of everything and takes back what can be taken.
func testChange(h *harness) {
	const id = 41
	larger := h.larger(id)
	h.start(id)
	h.wantSeen(h.spec(id))
	h.wantSpec(h.spec(id))
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.twice("change", h.change(larger))
	h.wantState(id, compute.Stopped)
	h.wantSpec(larger)
	h.nextProcess()
	h.wantSpec(larger)
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantSeen(larger)

	for name, smaller := range map[string]func(*compute.Spec){
		"processors": func(s *compute.Spec) { s.VCPUs-- },
		"memory":     func(s *compute.Spec) { s.MemoryMB-- },
		"disk":       func(s *compute.Spec) { s.Disks[0].SizeGB++ },
	} {
		spec := h.larger(id)
		smaller(&spec)
		if err := h.engine.Change(h.ctx, spec); !errors.Is(err, compute.ErrRunning) {
			h.Errorf("a change of %s while it runs gives %v, want ErrRunning", name, err)
		}
	}
	renamed := h.larger(id)
	renamed.Hostname = "renamed"
	h.wantSpec(larger)
	h.twice("rename while it runs", h.change(renamed))
	h.wantSpec(renamed)
	h.must("reset", h.engine.Reset(h.ctx, id))
	h.wantState(id, compute.Running)
	h.wantSeen(larger)

	h.must("stop", h.engine.Stop(h.ctx, id))
	if err := h.engine.Change(h.ctx, h.spec(id)); !errors.Is(err, compute.ErrShrink) {
		h.Errorf("a disk that a guest was started with gets smaller: %v, want ErrShrink", err)
	}
	same := h.spec(id)
	same.Disks[0].SizeGB = larger.Disks[0].SizeGB
	h.twice("take processors and memory back", h.change(same))
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantSeen(same)
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.wantQuiet()
}

// testChangeUndone grows a disk and takes that back before a guest has seen it,
// with and without an earlier start.
func testChangeUndone(h *harness) {
	const id = 42
	h.must("create", h.engine.Create(h.ctx, h.spec(id)))
	for range 2 {
		h.must("change", h.change(h.larger(id))())
		h.twice("undo", h.change(h.spec(id)))
		h.wantSpec(h.spec(id))
		h.must("start", h.engine.Start(h.ctx, id))
		h.wantSeen(h.spec(id))
		h.must("stop", h.engine.Stop(h.ctx, id))
	}
}

// testRejectedChange changes a machine to what can't be; it stays as it is.
func testRejectedChange(h *harness) {
	const id = 43
	h.must("create", h.engine.Create(h.ctx, h.spec(id)))
	twoDisks := func(s *compute.Spec) { s.Disks = slices.Repeat(s.Disks, 2) }
	for name, spoil := range spoiled {
		h.wantRejected(id, name, spoil)
	}
	h.wantRejected(id, "another disk", twoDisks)
	h.wantSpec(h.spec(id))
	h.wantState(id, compute.Stopped)
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantSeen(h.spec(id))
	h.wantReached(id, 2222)
}

func (h *harness) wantRejected(id int64, name string, spoil func(*compute.Spec)) {
	h.Helper()
	spec := h.larger(id)
	spoil(&spec)
	if err := h.engine.Change(h.ctx, spec); err == nil {
		h.Errorf("a machine was changed to have %s", name)
	}
}

// testFaultsInChange fails, and crashes, at every fault point of Change: the next
// start finds the old spec or, after a crash, the new one, as a whole.
func testFaultsInChange(h *harness) {
	id := int64(44)
	h.must("create", h.engine.Create(h.ctx, h.spec(id)))
	points := 0
	count := func(string) error { points++; return nil }
	h.must("change", h.engine.Change(fault.With(h.ctx, count), h.larger(id)))
	if points == 0 {
		h.Fatal("Change passed no fault point")
	}
	for nth := range points {
		for _, injected := range []error{errInjected, fault.ErrCrash} {
			id++
			id := id
			h.alone(fmt.Sprintf("point %d, %v", nth, injected), func(h *harness) { h.faultInChange(id, nth, injected) })
		}
	}
}

func (h *harness) faultInChange(id int64, nth int, injected error) {
	h.Helper()
	what := fmt.Sprintf("%v at point %d of a change", injected, nth)
	old, larger := h.spec(id), h.larger(id)
	h.must("create", h.engine.Create(h.ctx, old))
	if err := h.engine.Change(fault.With(h.ctx, failAt(nth, injected)), larger); !errors.Is(err, injected) {
		h.Fatalf("%s gives %v", what, err)
	}
	want := old
	if errors.Is(injected, fault.ErrCrash) {
		h.nextProcess()
		if got, err := h.engine.Spec(h.ctx, id); err == nil && got.Equal(larger) {
			want = larger
		}
	}
	h.wantSpec(want)
	h.must("start", h.engine.Start(h.ctx, id))
	if got := h.seen(id); !sees(got, want) {
		h.Fatalf("after %s the guest has %+v, want %+v", what, got, want)
	}
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.must("change again", h.engine.Change(h.ctx, larger))
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantSeen(larger)
	h.must("destroy", h.engine.Destroy(h.ctx, id))
}

// failAt gives an error at the nth fault point.
func failAt(nth int, injected error) fault.Injector {
	passed := 0
	return func(string) error {
		defer func() { passed++ }()
		if passed == nth {
			return injected
		}
		return nil
	}
}
