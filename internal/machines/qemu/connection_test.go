package qemu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// closed closes the engine and returns another on the same machines, which has not
// recovered them yet.
func closed(t *testing.T, e *Engine) *Engine {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return openIn(t, filepath.Dir(e.config.Dir))
}

// TestRecoverOfFrozenQEMU recovers a QEMU that does not answer at first.
func TestRecoverOfFrozenQEMU(t *testing.T) {
	e := openIn(t, t.TempDir())
	spec := testSpec(81, blankImage(t))
	started(t, e, spec)
	pid := qemuOf(t, e, spec.ID).PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	e = closed(t, e)
	events := recovered(t, e)
	waited := make(chan error, 1)
	go func() { waited <- e.Wait(t.Context(), spec.ID) }()
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Reset(short, spec.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("reset gives %v, want context.Canceled", err)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := e.Reset(t.Context(), spec.ID); err != nil {
		t.Errorf("reset of a QEMU that goes on: %v", err)
	}
	killQEMU(t, e, spec.ID)
	if event := receive(t, events); event.ID != spec.ID {
		t.Errorf("event %+v", event)
	}
	if err := receive(t, waited); err != nil {
		t.Errorf("wait: %v", err)
	}
}

func TestConnectionIsRenewed(t *testing.T) {
	e, events := newEngine(t)
	spec := testSpec(82, blankImage(t))
	started(t, e, spec)
	pid := qemuOf(t, e, spec.ID).PID
	conn, err := e.machine(spec.ID).monitored().connection(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	receive(t, conn.lost)
	if err := e.Reset(t.Context(), spec.ID); err != nil {
		t.Error(err)
	}
	if now := qemuOf(t, e, spec.ID).PID; now != pid {
		t.Errorf("QEMU is process %d, was %d", now, pid)
	}
	killQEMU(t, e, spec.ID)
	if event := receive(t, events); event.ID != spec.ID {
		t.Errorf("event %+v", event)
	}
}

// TestStartWhileQEMUEnds: QEMU ends in the middle of a Start that has found it
// alive.
func TestStartWhileQEMUEnds(t *testing.T) {
	for _, point := range []string{"qemu.adopt.connect", "qemu.start.continue"} {
		t.Run(point, func(t *testing.T) {
			e := openIn(t, t.TempDir())
			spec := testSpec(83, blankImage(t))
			started(t, e, spec)
			conn, err := e.machine(spec.ID).monitored().connection(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.Execute(t.Context(), "stop", nil, nil); err != nil {
				t.Fatal(err)
			}
			e = closed(t, e)
			pid := qemuOf(t, e, spec.ID).PID
			passed := false
			ctx := fault.With(t.Context(), func(at string) error {
				if at == point && !passed {
					passed = true
					killQEMU(t, e, spec.ID)
				}
				return nil
			})
			err = e.Start(ctx, spec.ID)
			t.Cleanup(func() { destroyAll(t, e) })
			if err != nil || !passed {
				t.Fatalf("start gives %v (QEMU was killed: %v)", err, passed)
			}
			if now := qemuOf(t, e, spec.ID).PID; now == pid {
				t.Errorf("QEMU is still process %d", pid)
			}
		})
	}
}

// TestStopGivenUp: after a Stop whose context has ended, the end of QEMU is reported
// as an event again.
func TestStopGivenUp(t *testing.T) {
	e, events := newEngine(t)
	spec := testSpec(84, blankImage(t))
	started(t, e, spec)
	if err := syscall.Kill(qemuOf(t, e, spec.ID).PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Stop(fault.With(ctx, func(point string) error {
		if point == "qemu.stop.quit" {
			cancel()
		}
		return nil
	}), spec.ID)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stop gives %v, want context.Canceled", err)
	}
	killQEMU(t, e, spec.ID)
	if event := receive(t, events); event.ID != spec.ID {
		t.Errorf("event %+v", event)
	}
}

// TestListenerIsNotTrusted: a process that listens on qmp.sock but does not have the
// lock open is not the machine's QEMU.
func TestListenerIsNotTrusted(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(85, blankImage(t))
	started(t, e, spec)
	m := e.newMachine(spec.ID)
	if !m.isQEMU(qemuOf(t, e, spec.ID).PID) {
		t.Error("the machine's QEMU was not recognised")
	}
	if m.isQEMU(os.Getppid()) {
		t.Error("another process was taken for the machine's QEMU")
	}
}

// TestRecoverContinuesWithOthers: the folder of one of two machines is broken.
func TestRecoverContinuesWithOthers(t *testing.T) {
	e := openIn(t, t.TempDir())
	image := blankImage(t)
	broken, good := testSpec(86, image), testSpec(87, image)
	for _, spec := range []compute.Spec{broken, good} {
		if err := e.Create(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	e = closed(t, e)
	socket := e.newMachine(broken.ID).path("metadata.sock")
	if err := errors.Join(os.Remove(socket), os.MkdirAll(filepath.Join(socket, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	recovered(t, e)
	if got := askMetadata(t, e, good.ID); got != "87" {
		t.Errorf("the other machine's metadata is %q", got)
	}
}
