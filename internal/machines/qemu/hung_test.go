package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// hungLimit is how long any call on a QEMU that does not answer may take: its own
// deadlines, and some more on a busy host.
const hungLimit = 40 * time.Second

// TestHungQEMU makes every call on a QEMU that was stopped by a signal, once
// with a connection to it and once by an engine that has none.
func TestHungQEMU(t *testing.T) {
	t.Parallel()
	const id = 72
	for name, call := range map[string]func(*testing.T, *Engine){
		"start": func(t *testing.T, e *Engine) { wantSilent(t, e.Start(t.Context(), id)) },
		"stop": func(t *testing.T, e *Engine) {
			mustCall(t, e.Stop(t.Context(), id))
			checkState(t, e, id, compute.Stopped)
		},
		"reset": func(t *testing.T, e *Engine) {
			mustCall(t, e.Reset(t.Context(), id))
			checkState(t, e, id, compute.Running)
			mustCall(t, e.Reset(t.Context(), id)) // it answers
		},
		"shutdown": func(t *testing.T, e *Engine) { wantSilent(t, e.Shutdown(t.Context(), id)) },
		"wait": func(t *testing.T, e *Engine) {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := e.Wait(short, id); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("wait gives %v, want its context's end", err)
			}
		},
		"destroy": func(t *testing.T, e *Engine) {
			mustCall(t, e.Destroy(t.Context(), id))
			checkState(t, e, id, compute.Absent)
		},
		"state": func(t *testing.T, e *Engine) { checkState(t, e, id, compute.Running) },
		"console": func(t *testing.T, e *Engine) {
			console, err := e.Console(t.Context(), id)
			if err != nil {
				t.Error(err)
				return
			}
			defer console.Close()
			_, err = io.ReadAll(console)
			mustCall(t, err)
		},
		"close": func(t *testing.T, e *Engine) { mustCall(t, e.Close()) },
	} {
		for _, connected := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/connected=%v", name, connected), func(t *testing.T) {
				t.Parallel()
				e := openIn(t, t.TempDir())
				started(t, e, testSpec(id, blankImage(t)))
				pid := qemuOf(t, e, id).PID
				mustCall(t, syscall.Kill(pid, syscall.SIGSTOP))
				t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) }) // the last resort of a test that failed
				if !connected {
					e = closed(t, e)
				}
				within(t, "recover", func() { mustCall(t, e.Recover(t.Context(), func(compute.Event) {})) })
				t.Cleanup(func() { destroyAll(t, closed(t, e)) })
				within(t, name, func() { call(t, e) })
			})
		}
	}
}

// wantSilent wants an error that says why QEMU does not answer.
func wantSilent(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "QEMU does not answer") || !strings.Contains(err.Error(), "is stopped") {
		t.Errorf("error %v, want that QEMU does not answer because its process is stopped", err)
	}
}

func checkState(t *testing.T, e *Engine, id int64, want compute.State) {
	t.Helper()
	if got, err := e.State(t.Context(), id); err != nil || got != want {
		t.Errorf("machine %d is %s (%v), want %s", id, got, err, want)
	}
}

func mustCall(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// within fails the test if the call takes too long. The call may run on then,
// so it must not end the test itself.
func within(t *testing.T, what string, call func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
	case <-time.After(hungLimit):
		t.Fatalf("%s has not ended after %v", what, hungLimit)
	}
}

// TestFolderIsGone removes the folder of a QEMU that runs. Every call that ends a
// machine still does, in the engine that has started it and in another one, which
// finds it in the process table.
func TestFolderIsGone(t *testing.T) {
	t.Parallel()
	const id = 73
	for name, call := range map[string]func(*Engine) error{
		"stop":    func(e *Engine) error { return e.Stop(t.Context(), id) },
		"destroy": func(e *Engine) error { return e.Destroy(t.Context(), id) },
		"create":  func(e *Engine) error { return e.Create(t.Context(), testSpec(id, blankImage(t))) },
	} {
		for _, restarted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/restarted=%v", name, restarted), func(t *testing.T) {
				t.Parallel()
				e := openIn(t, t.TempDir())
				started(t, e, testSpec(id, blankImage(t)))
				qemu := qemuOf(t, e, id)
				t.Cleanup(func() { _ = qemu.Kill() })
				mustCall(t, os.RemoveAll(e.newMachine(id).dir))
				if restarted {
					e = closed(t, e)
				}
				events := recovered(t, e)
				wantState(t, e, id, compute.Running)
				if ids, err := e.List(t.Context()); err != nil || len(ids) != 1 {
					t.Errorf("list is %v (%v), want the machine that runs", ids, err)
				}
				within(t, name, func() { mustCall(t, call(e)) })
				if !qemu.HasEnded() {
					t.Error("QEMU runs on")
				}
				if len(events) != 0 {
					t.Errorf("it gave the event %v", <-events)
				}
			})
		}
	}
}

// TestQEMUsOfOtherEnginesAreNotTouched: another data folder
// has a machine with the same id.
func TestQEMUsOfOtherEnginesAreNotTouched(t *testing.T) {
	t.Parallel()
	const id = 74
	theirs, _ := newEngine(t)
	started(t, theirs, testSpec(id, blankImage(t)))
	ours, _ := newEngine(t)
	wantState(t, ours, id, compute.Absent)
	mustCall(t, ours.Destroy(t.Context(), id))
	wantState(t, theirs, id, compute.Running)
}
