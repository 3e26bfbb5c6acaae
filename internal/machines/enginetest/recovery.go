package enginetest

import (
	"context"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// testRestart closes the engine and opens another one. The machines run on, and the
// new engine serves them as if it had started them.
func testRestart(h *harness) {
	const running, stopped = 21, 22
	h.start(running)
	h.must("create", h.engine.Create(h.ctx, h.spec(stopped)))
	for _, end := range []func() error{
		h.engine.Close,                           // an orderly end
		func() error { return nil },              // a killed process
		func() error { return h.engine.Close() }, // an orderly end again
	} {
		h.must("close", end())
		h.nextProcess()
		h.wantList(running, stopped)
		h.wantState(running, compute.Running)
		h.wantState(stopped, compute.Stopped)
		h.twice("start what runs", func() error { return h.engine.Start(h.ctx, running) })
		h.must("reset", h.engine.Reset(h.ctx, running))
		h.wantNotRunning(stopped)
	}
	waiting := h.waiting(running)
	h.options.Crash(h.T, h.engine, running)
	h.must("wait", <-waiting)
	h.wantEvent(running)
	h.must("start", h.engine.Start(h.ctx, running))
	h.nextProcess()
	h.must("stop", h.engine.Stop(h.ctx, running))
	h.wantState(running, compute.Stopped)
	h.must("start the other", h.engine.Start(h.ctx, stopped))
	h.wantState(stopped, compute.Running)
	h.nextProcess()
	h.must("destroy", h.engine.Destroy(h.ctx, stopped))
	h.must("destroy", h.engine.Destroy(h.ctx, running))
	h.wantList()
	h.wantQuiet()
}

// testStoppedWhileAway: State is right about a machine that has ended while there was
// no engine. There is no event.
func testStoppedWhileAway(h *harness) {
	const id = 23
	h.start(id)
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.must("close", h.engine.Close())
	h.nextProcess()
	h.wantState(id, compute.Stopped)
	h.must("wait", h.engine.Wait(h.ctx, id))
	h.wantQuiet()
}

// testCancelledContext makes each call with a context that has ended, and then with
// one that has not.
func testCancelledContext(h *harness) {
	const id = 24
	ended, cancel := context.WithCancel(h.ctx)
	cancel()
	for _, call := range h.life(id) {
		if err := call.do(ended); err != nil && !errors.Is(err, context.Canceled) {
			h.Fatalf("%s with a cancelled context gives %v", call.name, err)
		}
		h.must(call.name, call.do(h.ctx))
		h.wantState(id, call.leaves)
	}
	h.wantList()
	h.wantQuiet()
}
