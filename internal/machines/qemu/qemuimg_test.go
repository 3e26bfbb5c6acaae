package qemu

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/accel"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

const grownGB = 9

// grow runs in a process that a test kills. It resizes the disk of the machine
// that is in dir, by a qemu-img that waits for the test.
func grow(dir, qemuImg string) {
	ctx := context.Background()
	e, err := Open(ctx, Config{
		Dir:         dir,
		QemuImg:     qemuImg,
		Images:      readImage,
		Metadata:    tellID,
		Accelerator: accel.Result{Accelerator: accel.TCG, Reason: "set by a test"},
	})
	if err == nil {
		err = e.Recover(ctx, func(compute.Event) {})
	}
	var spec compute.Spec
	if err == nil {
		spec, err = e.Spec(ctx, victimMachine)
	}
	if err == nil {
		err = e.Change(ctx, changed(spec, spec.VCPUs, spec.MemoryMB, grownGB))
	}
	fmt.Fprintln(os.Stderr, "the victim was not killed in its resize:", err)
	os.Exit(1)
}

// slowQemuImg is a qemu-img that writes its process number to one named pipe and
// then waits for a line from another.
type slowQemuImg struct {
	program     string
	begun, wake *os.File
}

// newSlowQemuImg makes a slow qemu-img. As a child it is a process of its own below
// the one that the engine starts.
func newSlowQemuImg(t *testing.T, child bool) slowQemuImg {
	t.Helper()
	needQEMU(t)
	dir, err := os.MkdirTemp("", "slow-qemu-img-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, err := exec.LookPath("qemu-img")
	if err != nil {
		t.Fatal(err)
	}
	wait := fmt.Sprintf("echo $$ >%s/begun; read line <%s/wake; exec %s \"$@\"\n", dir, dir, program)
	if child {
		wait = fmt.Sprintf("sh -c '%s' sh \"$@\" &\nwait\n", wait)
	}
	slow := slowQemuImg{program: filepath.Join(dir, "qemu-img")}
	if err := os.WriteFile(slow.program, []byte("#!/bin/sh\n"+wait), 0o700); err != nil {
		t.Fatal(err)
	}
	slow.begun, slow.wake = namedPipe(t, dir, "begun"), namedPipe(t, dir, "wake")
	// qemu-img runs as the machine's user.
	for _, path := range []string{dir, slow.program} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return slow
}

// namedPipe makes a pipe that any user may open. The test has both of its ends open,
// so that it waits for nobody to open it.
func namedPipe(t *testing.T, dir, name string) *os.File {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// killInResize kills a process with an engine while its slow qemu-img waits, and
// returns an engine that was opened after that, and the process that waits.
func (s slowQemuImg) killInResize(t *testing.T) (*Engine, *proc.Process) {
	t.Helper()
	e := openIn(t, t.TempDir())
	if err := e.Create(t.Context(), testSpec(victimMachine, blankImage(t))); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(os.Args[0], "grow", e.config.Dir, s.program)
	victim.Stderr = t.Output()
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() {
		_ = victim.Process.Kill()
		_ = victim.Wait()
	})
	t.Cleanup(kill)
	if err := s.begun.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(s.begun).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := proc.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = waiting.Kill()
		waiting.Close()
	})
	kill()
	e = openIn(t, e.config.DataDir)
	recovered(t, e)
	return e, waiting
}

// TestQemuImgEndsWithEngine kills a process with an engine while its qemu-img runs.
func TestQemuImgEndsWithEngine(t *testing.T) {
	_, qemuImg := newSlowQemuImg(t, false).killInResize(t)
	if err := qemuImg.WaitKilled(); err != nil {
		t.Errorf("qemu-img runs on: %v", err)
	}
}

// TestResizeWaitsForEarlierQemuImg starts a machine while a qemu-img of a process
// that was killed is about to resize its disk.
func TestResizeWaitsForEarlierQemuImg(t *testing.T) {
	slow := newSlowQemuImg(t, true)
	e, earlier := slow.killInResize(t)
	resize := sync.OnceValue(func() error {
		if _, err := slow.wake.WriteString("\n"); err != nil {
			return err
		}
		return earlier.Wait()
	})
	err := e.Start(fault.With(t.Context(), func(point string) error {
		if point == "qemu.resize.wait" || point == "qemu.start.record" {
			return resize()
		}
		return nil
	}), victimMachine)
	if err != nil {
		t.Fatal(err)
	}
	if got := askQEMU(t, e, victimMachine).Disks[0].SizeGB; got != 1 {
		t.Errorf("the guest's disk has %d GB, want 1", got)
	}
}
