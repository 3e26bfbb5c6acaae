package qemu

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// TestConsoleTakesOneClient connects to the console of a running machine several
// times, one after another and two at a time.
func TestConsoleTakesOneClient(t *testing.T) {
	e, _ := newEngine(t)
	attach := func() (io.ReadWriteCloser, error) { return AttachConsole(t.Context(), e.config.Dir, 61) }
	if _, err := attach(); !errors.Is(err, compute.ErrNotFound) {
		t.Errorf("without a machine: %v", err)
	}
	spec := testSpec(61, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if _, err := attach(); !errors.Is(err, compute.ErrNotRunning) {
		t.Errorf("of a machine that was never on: %v", err)
	}
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	// A reset before that, while SeaBIOS starts, can leave it in an endless loop.
	await(t, "the firmware to write to the console", func() bool {
		text, err := os.ReadFile(e.newMachine(spec.ID).path("console.log"))
		return err == nil && len(text) > 0
	})
	var guest io.ReadWriteCloser
	for range 2 {
		var err error
		if guest, err = attach(); err != nil {
			t.Fatal(err)
		}
		if _, err := attach(); !errors.Is(err, ErrConsoleBusy) {
			t.Errorf("a second client: %v", err)
		}
		if err := guest.Close(); err != nil {
			t.Error(err)
		}
	}
	guest, err := attach()
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	if err := e.Reset(t.Context(), spec.ID); err != nil { // the firmware greets again
		t.Fatal(err)
	}
	firmware := make([]byte, 7)
	if _, err := io.ReadFull(guest, firmware); err != nil {
		t.Error(err)
	}
	if err := e.Stop(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(guest); err != nil {
		t.Errorf("the machine's end: %v", err)
	}
	if _, err := attach(); !errors.Is(err, ErrConsoleBusy) {
		t.Errorf("a client that stayed until the end still has the console: %v", err)
	}
	guest.Close()
	if _, err := attach(); !errors.Is(err, compute.ErrNotRunning) {
		t.Errorf("of a machine that is off: %v", err)
	}
	log, err := ReadConsole(e.config.Dir, spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if text, err := io.ReadAll(log); err != nil || !strings.Contains(string(text), string(firmware)) {
		t.Errorf("the log lacks what the client saw, %q: %q, %v", firmware, text, err)
	}
}

// TestConsoleWithoutKeeper: a client does not wait forever if the keeper was killed,
// or if the machine was started by a version that had no console socket. The machine
// runs on.
func TestConsoleWithoutKeeper(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(62, blankImage(t))
	started(t, e, spec)
	m := e.newMachine(spec.ID)
	folder, err := os.Stat(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	qemu := qemuOf(t, e, spec.ID).PID
	for _, pid := range proc.In(folder) {
		if pid != qemu {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	await(t, "the console to have no keeper", func() bool {
		guest, err := AttachConsole(t.Context(), e.config.Dir, spec.ID)
		if err == nil {
			guest.Close()
		}
		return errors.Is(err, compute.ErrNotRunning)
	})
	if err := os.Remove(m.path(consoleSocket)); err != nil {
		t.Fatal(err)
	}
	if _, err := AttachConsole(t.Context(), e.config.Dir, spec.ID); !errors.Is(err, compute.ErrNotRunning) {
		t.Errorf("of a machine without a socket: %v", err)
	}
	if err := e.Reset(t.Context(), spec.ID); err != nil {
		t.Error(err)
	}
	wantState(t, e, spec.ID, compute.Running)
}
