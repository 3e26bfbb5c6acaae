package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// TestQEMUInheritsNothing starts a machine in a process with an open file that every
// child inherits.
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
	pids := proc.In(folder)
	if len(pids) != 2 {
		t.Errorf("processes %v work in the machine's folder, want QEMU and the keeper of its logs", pids)
	}
	for _, pid := range pids {
		if open, err := proc.HasOpen(pid, info); err != nil || open {
			t.Errorf("process %d has inherited a file that was not given to it (%v)", pid, err)
		}
	}
}

// TestQEMUHasAnOOMScore: when memory runs out the kernel kills QEMU before Rockpool.
func TestQEMUHasAnOOMScore(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(96, blankImage(t))
	started(t, e, spec)
	score, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", qemuOf(t, e, spec.ID).PID))
	if want := max(500, ownScore(t)); err != nil || strings.TrimSpace(string(score)) != fmt.Sprint(want) {
		t.Errorf("oom_score_adj is %q (%v), want %d", score, err, want)
	}
}

func ownScore(t *testing.T) (score int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/oom_score_adj")
	if err == nil {
		_, err = fmt.Sscan(string(text), &score)
	}
	if err != nil {
		t.Fatal(err)
	}
	return score
}

// TestLogsAreWrittenWithoutEngine: while there is no engine a guest writes to its
// console, and its QEMU ends. The keeper ends with it.
func TestLogsAreWrittenWithoutEngine(t *testing.T) {
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
	if err := qemu.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := qemu.WaitKilled(); err != nil {
		t.Fatal(err)
	}
	await(t, "the keeper of logs to end", func() bool {
		alive, err := locked(m.path("qemu.log"))
		return err == nil && !alive
	})
	recovered(t, e)
}

// await polls until the condition is true, for conditions that cause no event.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it was waited for in vain", what)
		}
	}
}
