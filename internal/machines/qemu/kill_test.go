package qemu

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/accel"
)

const victimMachine = 41

// startAndHang runs in a process that a test kills. It starts the machine that is in
// dir, says so, and waits to be killed.
func startAndHang(dir string) {
	ctx := context.Background()
	e, err := Open(ctx, Config{
		Dir:         dir,
		Images:      readImage,
		Metadata:    tellID,
		Accelerator: accel.Result{Accelerator: accel.TCG, Reason: "set by a test"},
	})
	if err == nil {
		err = e.Recover(ctx, func(compute.Event) {})
	}
	if err == nil {
		err = e.Start(ctx, victimMachine)
	}
	fmt.Println("started:", err)
	select {}
}

// TestMachineOutlivesKilledEngine kills a process with an engine. The next engine
// serves the machine that it has started.
func TestMachineOutlivesKilledEngine(t *testing.T) {
	e, _ := newEngine(t)
	if err := e.Create(t.Context(), testSpec(victimMachine, blankImage(t))); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	kill := runVictim(t, e.config.Dir)
	pid := qemuOf(t, e, victimMachine).PID
	kill()

	e = openIn(t, e.config.DataDir)
	events := recovered(t, e)
	wantState(t, e, victimMachine, compute.Running)
	if now := qemuOf(t, e, victimMachine).PID; now != pid {
		t.Errorf("QEMU is process %d, was %d", now, pid)
	}
	if err := e.Reset(t.Context(), victimMachine); err != nil {
		t.Error(err)
	}
	killQEMU(t, e, victimMachine)
	if event := receive(t, events); event.ID != victimMachine {
		t.Errorf("event %+v", event)
	}
	wantState(t, e, victimMachine, compute.Stopped)
}

// runVictim returns when the machine runs, with a function that kills the
// process that has started it.
func runVictim(t *testing.T, dir string) (kill func()) {
	t.Helper()
	victim := exec.Command(os.Args[0], "start-and-hang", dir)
	stdout, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = victim.Process.Kill()
		_ = victim.Wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "started: <nil>\n" {
		t.Fatalf("the victim says %q (%v)", line, err)
	}
	return kill
}
