package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

func TestStartWhereAddressIsTaken(t *testing.T) {
	e, events := newEngine(t)
	spec := testSpec(61, blankImage(t))
	taken, err := net.Listen("tcp4", netip.AddrPortFrom(spec.Interfaces[0].Address, 2222).String())
	if err != nil {
		t.Fatal(err)
	}
	spec.Interfaces[0].Forwards = []compute.Forward{{HostPort: 2222, GuestPort: 22}}
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	err = e.Start(t.Context(), spec.ID)
	if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("error %v, want that %s is taken", err, taken.Addr())
	}
	wantState(t, e, spec.ID, compute.Stopped)
	taken.Close()
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Errorf("with the address free: %v", err)
	}
	if len(events) != 0 {
		t.Errorf("a start that failed gave the event %v", <-events)
	}
}

func TestFailedStartQuotesQEMU(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(62, blankImage(t))
	spec.VCPUs = 4711
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), spec.ID); err == nil || !strings.Contains(err.Error(), "4711") {
		t.Errorf("error %v, want QEMU's complaint", err)
	}
	wantState(t, e, spec.ID, compute.Stopped)
}

// TestStopOfFrozenQEMU stops a QEMU that does not answer, with a connection to it and
// without.
func TestStopOfFrozenQEMU(t *testing.T) {
	for _, connected := range []bool{true, false} {
		t.Run(fmt.Sprintf("connected=%v", connected), func(t *testing.T) {
			dir := t.TempDir()
			e := openIn(t, dir)
			spec := testSpec(63, blankImage(t))
			started(t, e, spec)
			if err := syscall.Kill(qemuOf(t, e, spec.ID).PID, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			if !connected {
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				e = openIn(t, dir)
			}
			events := recovered(t, e)
			wantState(t, e, spec.ID, compute.Running)
			if err := e.Stop(t.Context(), spec.ID); err != nil {
				t.Fatal(err)
			}
			wantState(t, e, spec.ID, compute.Stopped)
			if len(events) != 0 {
				t.Errorf("a stop gave the event %v", <-events)
			}
		})
	}
}

// TestStartUsesLaunchedQEMU cancels a start, which leaves a QEMU without a
// connection. The next start uses that one.
func TestStartUsesLaunchedQEMU(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(64, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Start(fault.With(ctx, func(point string) error {
		if point == "qemu.start.greet" {
			cancel()
		}
		return nil
	}), spec.ID)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
	wantState(t, e, spec.ID, compute.Running)
	pid := qemuOf(t, e, spec.ID).PID
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if now := qemuOf(t, e, spec.ID).PID; now != pid {
		t.Errorf("QEMU is process %d, was %d", now, pid)
	}
}
