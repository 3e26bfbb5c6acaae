package enginetest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

func testCapabilities(h *harness) {
	for range 2 {
		c, err := h.engine.Capabilities(h.ctx)
		h.must("capabilities", err)
		if c.Name == "" || c.Accelerator == "" || c.Reason == "" {
			h.Errorf("capabilities %+v lack a name, an accelerator or a reason", c)
		}
		if c.MemoryMB != 0 && c.MemoryMB < h.options.MemoryMB {
			h.Errorf("at most %d MB of memory, but the test needs %d", c.MemoryMB, h.options.MemoryMB)
		}
	}
	guest, err := h.engine.Guest(1, h.spec(1).NIC)
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
	if err := h.engine.Forward(h.ctx, id, nil); !errors.Is(err, compute.ErrNotFound) {
		h.Errorf("forward gives %v, want ErrNotFound", err)
	}
	if _, err := h.engine.Console(h.ctx, id); !errors.Is(err, compute.ErrNotFound) {
		h.Errorf("console gives %v, want ErrNotFound", err)
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
	h.readConsole(id)

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

func (h *harness) readConsole(id int64) {
	h.Helper()
	console, err := h.engine.Console(h.ctx, id)
	h.must("console", err)
	defer console.Close()
	_, err = io.ReadAll(console)
	h.must("read the console", err)
}

func testRefusedSpec(h *harness) {
	const id = 13
	for name, spoil := range map[string]func(*compute.Spec){
		"no processors": func(s *compute.Spec) { s.VCPUs = 0 },
		"no memory":     func(s *compute.Spec) { s.MemoryMB = 0 },
		"no disk":       func(s *compute.Spec) { s.DiskGB = 0 },
		"no MAC":        func(s *compute.Spec) { s.NIC.MAC = "" },
	} {
		spec := h.spec(id)
		spoil(&spec)
		if err := h.engine.Create(h.ctx, spec); err == nil {
			h.Errorf("a machine with %s was created", name)
		}
		h.wantState(id, compute.Absent)
	}
	h.wantList()
}

// testForward changes what reaches a machine that is stopped, that runs, and
// that the next process goes on with.
func testForward(h *harness) {
	const id = 18
	forward := func(ports ...int) func() error {
		forwards := []compute.Forward{}
		for _, port := range ports {
			forwards = append(forwards, compute.Forward{HostPort: port, GuestPort: 22})
		}
		return func() error { return h.engine.Forward(h.ctx, id, forwards) }
	}
	h.must("create", h.engine.Create(h.ctx, h.spec(id)))
	h.wantReached(id)
	h.twice("forward while it is stopped", forward(2223))
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantReached(id, 2223)
	for _, ports := range [][]int{{0}, {1 << 16}, {2222, 2222}} {
		if err := forward(ports...)(); err == nil {
			h.Errorf("ports %v were forwarded", ports)
		}
	}
	h.must("reset", h.engine.Reset(h.ctx, id))
	h.wantReached(id, 2223)
	h.twice("forward while it runs", forward(2222, 2224))
	h.wantState(id, compute.Running)
	h.nextProcess()
	h.twice("reset", func() error { return h.engine.Reset(h.ctx, id) })
	h.wantState(id, compute.Running)
	h.wantReached(id, 2222, 2224)
	h.must("forward nothing", forward()())
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.must("start", h.engine.Start(h.ctx, id))
	h.wantReached(id)
	h.must("stop", h.engine.Stop(h.ctx, id))
	h.wantQuiet()
}

// wantReached connects to the machine's address at those ports and at no other
// that the tests forward, where machines are real.
func (h *harness) wantReached(id int64, ports ...int) {
	h.Helper()
	if c, err := h.engine.Capabilities(h.ctx); err != nil || !c.Real {
		return
	}
	for _, port := range []int{2222, 2223, 2224} {
		at := netip.AddrPortFrom(h.spec(id).NIC.Address, uint16(port)).String()
		conn, err := net.DialTimeout("tcp4", at, h.options.Deadline)
		if err == nil {
			conn.Close()
		}
		if reached := err == nil; reached != slices.Contains(ports, port) {
			h.Fatalf("%s is reached: %v (%v), want %v alone", at, reached, err, ports)
		}
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

// testShutdown asks again every now and then: a guest that still boots may not
// hear.
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
			// It may end between its being asked and its answer.
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
