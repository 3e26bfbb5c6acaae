package enginetest

import (
	"context"
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

func testCapabilities(h *harness) {
	for range 2 {
		c, err := h.engine.Capabilities(h.ctx)
		h.must("capabilities", err)
		if diff := cmp.Diff(h.engine.Traits(), c.Traits); diff != "" {
			h.Errorf("the capabilities have other traits than the engine (-engine +capabilities):\n%s", diff)
		}
		if c.Name == "" || c.Accelerator == "" || c.Reason == "" {
			h.Errorf("capabilities %+v lack a name, an accelerator or a reason", c)
		}
		if c.MemoryMB != 0 && c.MemoryMB < h.options.MemoryMB {
			h.Errorf("at most %d MB of memory, but the test needs %d", c.MemoryMB, h.options.MemoryMB)
		}
	}
	guest, err := h.engine.Guest(1, h.spec(1).Interfaces[0])
	h.must("guest", err)
	if !guest.Address.IsValid() || !guest.Address.Contains(guest.Gateway) || len(guest.Nameservers) == 0 {
		h.Errorf("a guest with %+v has no network", guest)
	}
}

func testUnknownID(h *harness) {
	const id = 404
	h.wantState(id, compute.Absent)
	h.wantList()
	h.twice("destroy", func() error { return h.engine.Destroy(h.ctx, id) })
	h.twice("stop", func() error { return h.engine.Stop(h.ctx, id) })
	h.twice("wait", func() error { return h.engine.Wait(h.ctx, id) })
	for name, call := range map[string]func(context.Context, int64) error{
		"start":    h.engine.Start,
		"shutdown": h.engine.Shutdown,
		"reset":    h.engine.Reset,
	} {
		if err := call(h.ctx, id); !errors.Is(err, compute.ErrNotFound) {
			h.Errorf("%s gives %v, want ErrNotFound", name, err)
		}
	}
	if err := h.engine.Change(h.ctx, h.spec(id)); !errors.Is(err, compute.ErrNotFound) {
		h.Errorf("change gives %v, want ErrNotFound", err)
	}
	if spec, err := h.engine.Spec(h.ctx, id); !errors.Is(err, compute.ErrNotFound) {
		h.Errorf("spec gives %+v, %v, want ErrNotFound", spec, err)
	}
	h.wantState(id, compute.Absent)
	h.wantList()
}

// testLife goes through all states, each call made twice.
func testLife(h *harness) {
	const id, other = 11, 12
	h.twice("create", func() error { return h.engine.Create(h.ctx, h.spec(id)) })
	h.twice("create another", func() error { return h.engine.Create(h.ctx, h.spec(other)) })
	h.wantState(id, compute.Stopped)
	h.wantList(id, other)
	h.wantNotRunning(id)
	h.twice("stop before any start", func() error { return h.engine.Stop(h.ctx, id) })
	h.twice("wait for nothing", func() error { return h.engine.Wait(h.ctx, id) })

	h.twice("start", func() error { return h.engine.Start(h.ctx, id) })
	h.wantState(id, compute.Running)
	h.wantState(other, compute.Stopped)
	h.twice("create what runs", func() error { return h.engine.Create(h.ctx, h.spec(id)) })
	h.wantState(id, compute.Running)
	h.twice("reset", func() error { return h.engine.Reset(h.ctx, id) })
	h.wantState(id, compute.Running)

	h.twice("stop", func() error { return h.engine.Stop(h.ctx, id) })
	h.wantState(id, compute.Stopped)
	h.wantNotRunning(id)
	h.must("start once more", h.engine.Start(h.ctx, id))
	h.wantState(id, compute.Running)
	h.twice("destroy what runs", func() error { return h.engine.Destroy(h.ctx, id) })
	h.wantState(id, compute.Absent)
	h.wantList(other)
	h.twice("destroy what is stopped", func() error { return h.engine.Destroy(h.ctx, other) })
	h.wantList()

	h.must("create with an id that was destroyed", h.engine.Create(h.ctx, h.spec(id)))
	h.wantState(id, compute.Stopped)
	h.wantQuiet()
}

func (h *harness) wantNotRunning(id int64) {
	h.Helper()
	if err := h.engine.Shutdown(h.ctx, id); !errors.Is(err, compute.ErrNotRunning) {
		h.Errorf("shutdown gives %v, want ErrNotRunning", err)
	}
	if err := h.engine.Reset(h.ctx, id); !errors.Is(err, compute.ErrNotRunning) {
		h.Errorf("reset gives %v, want ErrNotRunning", err)
	}
}

func testWaitEndsByStop(h *harness) {
	const id = 14
	h.start(id)
	waiting := h.waiting(id)
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.must("wait", <-waiting)
	h.wantState(id, compute.Stopped)
	h.must("start", h.engine.Start(h.ctx, id))
	waiting = h.waiting(id)
	h.must("destroy", h.engine.Destroy(h.ctx, id))
	h.must("wait", <-waiting)
	h.wantQuiet()
}

func testWaitEndsByContext(h *harness) {
	const id = 15
	h.start(id)
	ctx, cancel := context.WithCancel(h.ctx)
	result := make(chan error, 1)
	go func() { result <- h.engine.Wait(ctx, id) }()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		h.Errorf("wait gives %v, want context.Canceled", err)
	}
	h.wantState(id, compute.Running)
}

// testShutdown asks repeatedly, because a guest that still boots may ignore it.
func testShutdown(h *harness) {
	const id = 16
	h.start(id)
	if !h.options.Obeys {
		h.must("shutdown", h.engine.Shutdown(h.ctx, id))
		h.must("shutdown again", h.engine.Shutdown(h.ctx, id))
		h.wantState(id, compute.Running)
		h.must("stop", h.engine.Stop(h.ctx, id))
		h.wantQuiet()
		return
	}
	waiting := h.waiting(id)
	for done := false; !done; {
		if err := h.engine.Shutdown(h.ctx, id); err != nil && !errors.Is(err, compute.ErrNotRunning) {
			// The machine may have ended before the engine had an answer.
			if state, stateErr := h.engine.State(h.ctx, id); stateErr != nil || state == compute.Running {
				h.Fatalf("shutdown: %v", err)
			}
		}
		select {
		case err := <-waiting:
			h.must("wait", err)
			done = true
		case <-time.After(time.Second):
		}
	}
	h.wantState(id, compute.Stopped)
	h.wantEvent(id)
	h.wantNotRunning(id)
	h.must("start again", h.engine.Start(h.ctx, id))
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.wantQuiet()
}

func testCrash(h *harness) {
	const id = 17
	h.start(id)
	waiting := h.waiting(id)
	h.options.Crash(h.T, h.engine, id)
	h.must("wait", <-waiting)
	h.wantEvent(id)
	h.wantState(id, compute.Stopped)
	h.must("start after a crash", h.engine.Start(h.ctx, id))
	h.wantState(id, compute.Running)
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.wantQuiet()
}
