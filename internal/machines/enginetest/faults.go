package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// call is a step in a machine's life.
type call struct {
	name   string
	do     func(context.Context) error
	leaves compute.State // when it succeeds
}

// halfway reports whether a call that fails may leave the machine in that state.
func (c call) halfway(before, after compute.State) bool {
	return after == before || after == c.leaves || c.leaves == compute.Absent && after == compute.Stopped
}

func (h *harness) life(id int64) []call {
	return []call{
		{"create", func(ctx context.Context) error { return h.engine.Create(ctx, h.spec(id)) }, compute.Stopped},
		{"start", func(ctx context.Context) error { return h.engine.Start(ctx, id) }, compute.Running},
		{"reset", func(ctx context.Context) error { return h.engine.Reset(ctx, id) }, compute.Running},
		{"stop", func(ctx context.Context) error { return h.engine.Stop(ctx, id) }, compute.Stopped},
		{"change", func(ctx context.Context) error { return h.engine.Change(ctx, h.larger(id)) }, compute.Stopped},
		{"start again", func(ctx context.Context) error { return h.engine.Start(ctx, id) }, compute.Running},
		{"destroy", func(ctx context.Context) error { return h.engine.Destroy(ctx, id) }, compute.Absent},
	}
}

// testFaults fails, and crashes, at every fault point of a machine's life. The
// nth life meets a fault at the nth point of each of its calls.
func testFaults(h *harness) {
	id := int64(101)
	points := h.count(id)
	for nth := range slices.Max(points) {
		for _, injected := range []error{errInjected, fault.ErrCrash} {
			id++
			id := id
			h.alone(fmt.Sprintf("point %d, %v", nth, injected), func(h *harness) { h.liveThrough(id, points, nth, injected) })
		}
	}
}

// count lives a life without faults and returns how many fault points each call
// passes, which is at least one.
func (h *harness) count(id int64) (points []int) {
	for _, call := range h.life(id) {
		passed := 0
		h.must(call.name, call.do(fault.With(h.ctx, func(string) error { passed++; return nil })))
		h.wantState(id, call.leaves)
		if passed == 0 {
			h.Fatalf("%s passed no fault point", call.name)
		}
		points = append(points, passed)
	}
	h.wantList()
	return points
}

// liveThrough lives a life in which each call that has that many points meets an
// error at the nth, is made again, and then succeeds.
func (h *harness) liveThrough(id int64, points []int, nth int, injected error) {
	h.Helper()
	for step, call := range h.life(id) {
		if nth < points[step] {
			h.meet(call, id, nth, injected)
		}
		h.must(fmt.Sprintf("%v at point %d of %s, then the same", injected, nth, call.name), call.do(h.ctx))
		h.wantState(id, call.leaves)
	}
	h.wantList()
}

func (h *harness) meet(call call, id int64, nth int, injected error) {
	h.Helper()
	before, err := h.engine.State(h.ctx, id)
	h.must("state", err)
	what := fmt.Sprintf("%v at point %d of %s", injected, nth, call.name)
	if err := call.do(fault.With(h.ctx, failAt(nth, injected))); !errors.Is(err, injected) {
		h.Fatalf("%s gives %v, want the injected error", what, err)
	}
	if errors.Is(injected, fault.ErrCrash) {
		h.nextProcess()
		return
	}
	if after, err := h.engine.State(h.ctx, id); err != nil || !call.halfway(before, after) {
		h.Fatalf("%s: the machine is %s (%v), was %s, should be %s", what, after, err, before, call.leaves)
	}
	if before == compute.Absent {
		h.wantList()
	}
}
