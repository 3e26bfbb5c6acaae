package enginetest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// harness is one engine under test, and its events.
type harness struct {
	*testing.T
	ctx     context.Context
	options Options
	open    Open
	engine  compute.Engine
	reopen  func() compute.Engine
	events  chan compute.Event
}

func newHarness(t *testing.T, open Open, options Options) *harness {
	engine, reopen := open(t)
	h := &harness{T: t, ctx: t.Context(), options: options, open: open, engine: engine, reopen: reopen, events: make(chan compute.Event, 16)}
	t.Cleanup(h.cleanUp)
	h.must("recover nothing", h.engine.Recover(h.ctx, h.notify))
	return h
}

func (h *harness) notify(event compute.Event) { h.events <- event }

// cleanUp destroys all machines, however the test has ended.
func (h *harness) cleanUp() {
	ctx, cancel := context.WithTimeout(context.Background(), h.options.Deadline)
	defer cancel()
	ids, err := h.engine.List(ctx)
	if err != nil {
		h.Errorf("list what is left: %v", err)
	}
	for _, id := range ids {
		if err := h.engine.Destroy(ctx, id); err != nil {
			h.Errorf("clean up: %v", err)
		}
	}
	if err := h.engine.Close(); err != nil {
		h.Errorf("close: %v", err)
	}
}

// alone runs a case at the same time as others, on an engine of its own.
func (h *harness) alone(name string, do func(*harness)) {
	h.Run(name, func(t *testing.T) {
		t.Parallel()
		do(newHarness(t, h.open, h.options))
	})
}

// nextProcess replaces the engine by another one on the same machines.
func (h *harness) nextProcess() {
	h.Helper()
	h.engine = h.reopen()
	h.must("recover", h.engine.Recover(h.ctx, h.notify))
}

func (h *harness) spec(id int64) compute.Spec {
	last := byte(id)
	return compute.Spec{
		ID:       id,
		Hostname: "enginetest",
		VCPUs:    1,
		MemoryMB: h.options.MemoryMB,
		Disks:    []compute.Disk{{SizeGB: 1, Image: h.options.Image}},
		Interfaces: []compute.Interface{{
			MAC:      netMAC(last),
			Address:  netip.AddrFrom4([4]byte{127, 211, 7, last}),
			Forwards: []compute.Forward{{HostPort: 2222, GuestPort: 22}},
		}},
	}
}

func netMAC(last byte) string {
	const digits = "0123456789abcdef"
	return "52:54:00:00:00:" + string([]byte{digits[last>>4], digits[last&15]})
}

func (h *harness) must(what string, err error) {
	h.Helper()
	if err != nil {
		h.Fatalf("%s: %v", what, err)
	}
}

// twice makes a call and the same call again.
func (h *harness) twice(what string, call func() error) {
	h.Helper()
	h.must(what, call())
	h.must(what+" again", call())
}

func (h *harness) wantState(id int64, want compute.State) {
	h.Helper()
	got, err := h.engine.State(h.ctx, id)
	h.must("state", err)
	if got != want {
		h.Fatalf("machine %d is %s, want %s", id, got, want)
	}
}

func (h *harness) wantList(want ...int64) {
	h.Helper()
	got, err := h.engine.List(h.ctx)
	h.must("list", err)
	if len(got) != len(want) {
		h.Fatalf("list is %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			h.Fatalf("list is %v, want %v", got, want)
		}
	}
}

// wantEvent waits for an event about the machine.
func (h *harness) wantEvent(id int64) {
	h.Helper()
	select {
	case event := <-h.events:
		if event.ID != id || event.Reason == "" {
			h.Fatalf("event %+v, want one with a reason about machine %d", event, id)
		}
	case <-time.After(h.options.Deadline):
		h.Fatalf("no event about machine %d", id)
	}
}

// wantQuiet closes the engine, which then reports no more events, and wants none to
// be left. It opens the next engine.
func (h *harness) wantQuiet() {
	h.Helper()
	h.must("close", h.engine.Close())
	select {
	case event := <-h.events:
		h.Fatalf("unwanted event %+v", event)
	default:
	}
	h.nextProcess()
}

// start creates and starts a machine.
func (h *harness) start(id int64) {
	h.Helper()
	h.must("create", h.engine.Create(h.ctx, h.spec(id)))
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantState(id, compute.Running)
}

// waiting calls Wait in a goroutine and returns the channel of its result.
func (h *harness) waiting(id int64) <-chan error {
	result := make(chan error, 1)
	ctx, cancel := context.WithTimeout(h.ctx, h.options.Deadline)
	go func() {
		defer cancel()
		result <- h.engine.Wait(ctx, id)
	}()
	return result
}
