package qemu

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestQEMUInheritsNothing starts a machine in a process that has a file open
// which every child inherits.
func TestQEMUInheritsNothing(t *testing.T) {
	leak, err := os.Create(filepath.Join(t.TempDir(), "leak"))
	if err != nil {
		t.Fatal(err)
	}
	defer leak.Close()
	if _, err := unix.FcntlInt(leak.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	info, err := leak.Stat()
	if err != nil {
		t.Fatal(err)
	}
	e, _ := newEngine(t)
	spec := testSpec(95, blankImage(t))
	started(t, e, spec)
	folder, err := os.Stat(e.newMachine(spec.ID).dir)
	if err != nil {
		t.Fatal(err)
	}
	pids := processesIn(folder)
	if len(pids) != 2 {
		t.Errorf("processes %v work in the machine's folder, want QEMU and the keeper of its logs", pids)
	}
	for _, pid := range pids {
		if open, err := hasOpen(pid, info); err != nil || open {
			t.Errorf("process %d has inherited a file that was not given to it (%v)", pid, err)
		}
	}
}

// TestQEMUIsOfferedToTheKernel: when memory runs out QEMU goes before Rockpool.
func TestQEMUIsOfferedToTheKernel(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(96, blankImage(t))
	started(t, e, spec)
	score, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", qemuOf(t, e, spec.ID).pid))
	if want := max(oomScore, currentScore()); err != nil || strings.TrimSpace(string(score)) != fmt.Sprint(want) {
		t.Errorf("oom_score_adj is %q (%v), want %d", score, err, want)
	}
}

// collecting tells a process of TestConsoleIsNotCollected that it is the launcher.
const collecting = "ROCKPOOL_TEST_COLLECTING"

// TestConsoleIsNotCollected: the launcher's memory may be collected at any moment
// before it becomes QEMU, which needs what leads to the console still.
func TestConsoleIsNotCollected(t *testing.T) {
	if os.Getenv(collecting) != "" {
		if err := startKeeper(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			collected := make(chan struct{})
			runtime.AddCleanup(&[16]byte{}, func(done chan struct{}) { close(done) }, collected)
			runtime.GC()
			<-collected
		}
		if _, err := unix.Write(consoleFD, []byte("said")); err != nil {
			t.Fatalf("write to the console: %v", err)
		}
		return
	}
	launcher := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.timeout=60s")
	launcher.Env = append(os.Environ(), collecting+"=1")
	dir := t.TempDir()
	for fd := lockFD; fd <= consoleFD; fd++ {
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(fd)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		launcher.ExtraFiles = append(launcher.ExtraFiles, f)
	}
	l, err := listen(dir, consoleSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	visits, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer visits.Close()
	launcher.ExtraFiles = append(launcher.ExtraFiles, visits)
	if output, err := launcher.CombinedOutput(); err != nil { // which the keeper has until it ends
		t.Errorf("%v: %s", err, output)
	}
	if text, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(consoleFD))); err != nil || string(text) != "said" {
		t.Errorf("the console's file holds %q (%v)", text, err)
	}
}

// TestLogsAreBounded writes far more into both logs than is kept of them, with
// no engine there, as a guest may while Rockpool is down.
func TestLogsAreBounded(t *testing.T) {
	dir := t.TempDir()
	line := "a line that the guest has written to its console\n"
	text := strings.Repeat(line, 8*consoleLimit/len(line))
	for name, limit := range map[string]int64{"console.log": consoleLimit, "qemu.log": qemuLogLimit} {
		path := filepath.Join(dir, name)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		keep(strings.NewReader(text), f, limit)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var stat syscall.Stat_t
		if err := syscall.Stat(path, &stat); err != nil {
			t.Fatal(err)
		}
		if stat.Blocks*512 > limit*3/2 {
			t.Errorf("%s occupies %d bytes", name, stat.Blocks*512)
		}
		data, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(string(data), text[len(text)-int(limit):]) {
			t.Errorf("the end of %s was lost (%v)", name, err)
		}
	}
}

// TestLogsAreKeptWithoutEngine has a QEMU write to its console while no engine
// is there, and end; the keeper of its logs ends with it.
func TestLogsAreKeptWithoutEngine(t *testing.T) {
	e := openIn(t, t.TempDir())
	spec := testSpec(97, blankImage(t))
	started(t, e, spec)
	qemu := qemuOf(t, e, spec.ID)
	e = closed(t, e)
	m := e.newMachine(spec.ID)
	if err := os.Truncate(m.path("console.log"), 0); err != nil {
		t.Fatal(err)
	}
	await(t, "the firmware to say that there is nothing to boot", func() bool {
		text, err := os.ReadFile(m.path("console.log"))
		return err == nil && strings.Contains(string(text), "boot")
	})
	if err := qemu.kill(); err != nil {
		t.Fatal(err)
	}
	if err := qemu.waitKilled(); err != nil {
		t.Fatal(err)
	}
	await(t, "the keeper of logs to end", func() bool {
		held, err := locked(m.path("qemu.log"))
		return err == nil && !held
	})
	recovered(t, e)
}

// await looks until it is so; nothing tells when.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it was waited for in vain", what)
		}
	}
}
