package enginetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// call is a step in a machine's life.
type call struct {
	name   string
	do     func(context.Context) error
	leaves compute.State // when it succeeds
}

// halfway tells whether a call that fails may leave the machine in that state.
func (c call) halfway(before, after compute.State) bool {
	return after == before || after == c.leaves || c.leaves == compute.Absent && after == compute.Stopped
}

func (h *harness) life(id int64) []call {
	return []call{
		{"create", func(ctx context.Context) error { return h.engine.Create(ctx, h.spec(id)) }, compute.Stopped},
		{"start", func(ctx context.Context) error { return h.engine.Start(ctx, id) }, compute.Running},
		{"reset", func(ctx context.Context) error { return h.engine.Reset(ctx, id) }, compute.Running},
		{"stop", func(ctx context.Context) error { return h.engine.Stop(ctx, id) }, compute.Stopped},
		{"forward", func(ctx context.Context) error {
			return h.engine.Forward(ctx, id, []compute.Forward{{HostPort: 2223, GuestPort: 22}})
		}, compute.Stopped},
		{"start again", func(ctx context.Context) error { return h.engine.Start(ctx, id) }, compute.Running},
		{"destroy", func(ctx context.Context) error { return h.engine.Destroy(ctx, id) }, compute.Absent},
	}
}

// place is the nth fault point that a step of the life passes.
type place struct {
	step  int
	nth   int
	point string
}

// testFaults fails, and crashes, at every fault point of a machine's life.
func testFaults(h *harness) {
	places := h.record(31)
	if len(places) < len(h.life(0)) {
		h.Fatalf("only %d fault points were passed in %d calls: %v", len(places), len(h.life(0)), places)
	}
	id := int64(32)
	for _, p := range places {
		name := fmt.Sprintf("%s %s", h.life(0)[p.step].name, p.point)
		h.liveThrough(id, p, "fail at "+name, errors.New("failed by fault injection"))
		h.liveThrough(id+1, p, "crash at "+name, fault.ErrCrash)
		id += 2
	}
}

// record lives a life without faults and notes the points that it passes.
func (h *harness) record(id int64) []place {
	var places []place
	for step, call := range h.life(id) {
		nth := 0
		ctx := fault.With(h.ctx, func(point string) error {
			places = append(places, place{step, nth, point})
			nth++
			return nil
		})
		h.must(call.name, call.do(ctx))
		h.wantState(id, call.leaves)
	}
	h.wantList()
	return places
}

// liveThrough lives a life in which one call meets an error at one place, is
// made again, and then succeeds.
func (h *harness) liveThrough(id int64, at place, name string, injected error) {
	h.Helper()
	for step, call := range h.life(id) {
		if step == at.step {
			h.meet(call, id, at, name, injected)
		}
		h.must(name+", then "+call.name, call.do(h.ctx))
		h.wantState(id, call.leaves)
	}
	h.wantList()
}

func (h *harness) meet(call call, id int64, at place, name string, injected error) {
	h.Helper()
	before, err := h.engine.State(h.ctx, id)
	h.must("state", err)
	nth := 0
	err = call.do(fault.With(h.ctx, func(point string) error {
		defer func() { nth++ }()
		if nth == at.nth {
			return injected
		}
		return nil
	}))
	if !errors.Is(err, injected) {
		h.Fatalf("%s: %s gives %v, want the injected error", name, call.name, err)
	}
	if errors.Is(err, fault.ErrCrash) {
		h.nextProcess()
		return
	}
	if after, err := h.engine.State(h.ctx, id); err != nil || !call.halfway(before, after) {
		h.Fatalf("%s: the machine is %s (%v), was %s, should be %s", name, after, err, before, call.leaves)
	}
	if before == compute.Absent {
		h.wantList()
	}
}
