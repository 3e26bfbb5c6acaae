package saga_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// logged is a handler that keeps what is logged as a warning or worse.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *logged) WithGroup(string) slog.Handler                    { return l }

func (l *logged) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slog.NewTextHandler(&l.text, nil).Handle(ctx, r)
}

func (l *logged) warned(of string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), of)
}

// A run whose saga has become another node's in the middle of a step writes
// nothing any more: not the journal, not the end, not what the end means.
func TestALostLeaseEndsTheRunSilently(t *testing.T) {
	for name, failure := range map[string]error{"the step succeeds": nil, "the step fails": errLuck} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				var d diary
				began, release, hooks := make(chan bool, 1), make(chan bool), atomic.Int64{}
				hook := func(context.Context, *store.Tx, *saga.Run) error { hooks.Add(1); return nil }
				e := w.start("n", saga.Definition{Kind: "try", Complete: hook, Abort: hook, Steps: []saga.Step{
					{Name: "block", Do: func(context.Context, *saga.Run) error {
						began <- true
						<-release
						return failure
					}, Undo: d.step("block", nil).Undo},
					d.step("next", nil),
				}}, saga.Definition{Kind: "next"})
				id := w.mustBegin(e, "try", "1")
				<-began
				w.exec(`UPDATE sagas SET owner = 'other', lease_until = $2 WHERE id = $1`, id, store.Micros(time.Now().Add(time.Hour)))
				close(release)
				synctest.Wait()
				if found, reason := w.unfinished(id); !found || reason != "" {
					t.Errorf("the saga of another node is there: %v, undone for %q", found, reason)
				}
				if n := w.steps(id); n != 0 || hooks.Load() != 0 || len(d.read()) != 0 {
					t.Errorf("the run wrote %d steps, called %d hooks and went on with %v", n, hooks.Load(), d.read())
				}
				// The run has returned: what needs the lock next does not wait for it.
				w.exec(`DELETE FROM saga_locks WHERE saga_id = $1`, id)
				if end := w.wait(e, w.mustBegin(e, "next", "1")); end.Failed {
					t.Errorf("the next saga ended %+v", end)
				}
			})
		})
	}
}

// A node renews the leases of what it runs before they run out, however long a
// step takes, and no other node takes them.
func TestALiveLeaseIsNotTakenOver(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		step, began, release := blocking()
		definition := saga.Definition{Kind: "try", Steps: []saga.Step{step}}
		one := w.start("one", definition)
		id := w.mustBegin(one, "try", "1")
		<-began
		w.start("two", definition)
		for range 120 {
			time.Sleep(time.Second)
			synctest.Wait()
			var owner string
			var until int64
			if err := w.db.QueryRow(t.Context(), `SELECT owner, lease_until FROM sagas WHERE id = $1`, id).Scan(&owner, &until); err != nil {
				t.Fatal(err)
			}
			if owner != "one" || until <= store.Micros(time.Now()) || len(began) != 0 {
				t.Fatalf("the lease is %s's until %v; it is %v, and %d runs more have begun",
					owner, store.Time(until), time.Now(), len(began))
			}
		}
		close(release)
		if end := w.wait(one, id); end.Failed {
			t.Errorf("ended %+v", end)
		}
	})
}

// A node that is gone loses its sagas to another one, which has not been
// restarted, after the lease and not before. The other one has the locks as well.
func TestADeadNodesSagaIsTakenOverAfterTheLease(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var d diary
		step, began, release := blocking()
		definitions := []saga.Definition{{Kind: "try", Steps: []saga.Step{step}}, {Kind: "clean", Steps: []saga.Step{d.step("clean", nil)}}}
		dead := w.start("dead", definitions...)
		w.mustBegin(dead, "try", "1", "2")
		<-began
		dead.Close()
		alive := w.start("alive", definitions...)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if len(began) != 0 {
			t.Fatal("the saga was taken over while its lease ran")
		}
		time.Sleep(12 * time.Second) // the lease's last second, and a heartbeat
		synctest.Wait()
		if len(began) != 1 {
			t.Fatal("the saga was not taken over after its lease")
		}
		var next int64
		if err := w.write(func(tx *store.Tx) (err error) {
			if err = alive.Cancel(t.Context(), tx, thing("1"), "deleted"); err != nil {
				return err
			}
			next, err = alive.Begin(t.Context(), tx, saga.New{Kind: "clean", Locks: []saga.Lock{thing("2")}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if end := w.wait(alive, next); end.Failed {
			t.Errorf("ended %+v", end)
		}
		close(release)
	})
}

// A node that was frozen in a step while another one ran its saga, and got it
// back, ends its old run: what that knows of the journal is stale.
func TestAStaleRunGivesWayToANewOne(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var d diary
		began, release := make(chan bool, 2), make(chan bool)
		e := w.start("n", saga.Definition{Kind: "try", Steps: []saga.Step{
			{Name: "slow", Do: func(ctx context.Context, r *saga.Run) error {
				began <- true
				<-release // whatever happens to ctx, as a frozen node
				return r.Write(context.WithoutCancel(ctx), func(*store.Tx) error { d.note("slow"); return nil })
			}, Undo: d.step("slow", nil).Undo},
			d.step("next", nil),
		}})
		id := w.mustBegin(e, "try", "1")
		<-began
		// The other node takes the saga, begins to undo it, and dies.
		w.exec(`UPDATE sagas SET owner = 'other', epoch = epoch + 1, unwinding = 1, reason = 'no luck', lease_until = $2 WHERE id = $1`,
			id, store.Micros(time.Now()))
		time.Sleep(time.Minute) // the heartbeat takes it back
		synctest.Wait()
		close(release)
		if end := w.wait(e, id); end != (saga.End{Failed: true, Reason: "no luck"}) {
			t.Errorf("ended %+v", end)
		}
		d.assert(t, "undo next", "undo slow")
	})
}

// Heartbeats of a node that has nothing to do write nothing: on a full disk each
// write may cost a part of the reserve, and the nights are long.
func TestAnIdleNodeWritesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.start("n", saga.Definition{Kind: "try"})
		w.wait(e, w.mustBegin(e, "try", "1"))
		before := w.db.Commits()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := w.db.Commits() - before; n != 0 {
			t.Errorf("it wrote %d times in an hour", n)
		}
	})
}

// What has ended stays ended and leaves no row: no heartbeat, no restart and no
// other node begins it again, and no later saga has its id.
func TestAnEndedSagaLeavesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var runs atomic.Int64
		definition := saga.Definition{Kind: "try", Steps: []saga.Step{{Name: "a", Do: func(context.Context, *saga.Run) error {
			if runs.Add(1) == 2 {
				return errLuck
			}
			return nil
		}}}}
		e := w.start("n", definition)
		var last int64
		for _, key := range []string{"1", "2"} { // one completes, one fails
			last = w.mustBegin(e, "try", key)
			w.wait(e, last)
		}
		e.Close()
		w.start("n", definition)
		other := w.start("other", definition)
		time.Sleep(time.Minute)
		synctest.Wait()
		if runs.Load() != 2 {
			t.Errorf("the steps ran %d times", runs.Load())
		}
		if n := w.count(`SELECT (SELECT count(*) FROM sagas) + (SELECT count(*) FROM saga_steps) + (SELECT count(*) FROM saga_locks)`); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if id := w.mustBegin(other, "try", "1"); id <= last {
			t.Errorf("saga %d comes after saga %d", id, last)
		}
	})
}

// A saga that has failed goes on undoing after a crash at any undo, and never
// forward again.
func TestACrashAtEachUndo(t *testing.T) {
	const undos = 3
	for at := range undos {
		bubble(t, func(t *testing.T, w *world) {
			var d diary
			crash := at + 1 // of the undos, counted
			count := 0
			step := func(name string, failure error) saga.Step {
				s := d.step(name, failure)
				undo := s.Undo
				s.Undo = func(ctx context.Context, r *saga.Run) error {
					count++
					if count == crash {
						return fault.ErrCrash
					}
					return undo(ctx, r)
				}
				return s
			}
			definition := saga.Definition{Kind: "try", Steps: []saga.Step{
				step("a", nil), step("b", nil), step("c", errLuck),
			}}
			e := w.start("n", definition)
			id := w.mustBegin(e, "try", "1")
			synctest.Wait()
			e.Close()
			if found, reason := w.unfinished(id); !found || reason != "no luck" {
				t.Fatalf("after the crash it is there: %v, undone for %q", found, reason)
			}
			e = w.start("n", definition)
			if end := w.wait(e, id); end != (saga.End{Failed: true, Reason: "no luck"}) {
				t.Errorf("ended %+v", end)
			}
			d.assert(t, "a", "b", "c", "undo c", "undo b", "undo a")
		})
	}
}

// A failure without a text is a failure all the same: the saga goes back after a
// crash.
func TestAFailureWithoutAText(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var d diary
		crashed := false
		mute := d.step("mute", errors.New(""))
		mute.Undo = func(context.Context, *saga.Run) error {
			if !crashed {
				crashed = true
				return fault.ErrCrash
			}
			d.note("undo mute")
			return nil
		}
		definition := saga.Definition{Kind: "try", Steps: []saga.Step{mute}}
		e := w.start("n", definition)
		id := w.mustBegin(e, "try", "1")
		synctest.Wait()
		e.Close()
		if end := w.wait(w.start("n", definition), id); !end.Failed {
			t.Errorf("ended %+v", end)
		}
		d.assert(t, "mute", "undo mute")
	})
}

// The saga that has cancelled another begins when that one's step, which ignores
// its context, has returned; what the step then returns counts nothing.
func TestTheNextRunWaitsForTheCancelledOnesStep(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var d diary
		release := make(chan bool)
		stubborn := saga.Step{Name: "stubborn", Do: func(context.Context, *saga.Run) error { <-release; return nil }}
		e := w.start("n",
			saga.Definition{Kind: "try", Steps: []saga.Step{stubborn, d.step("never", nil)}},
			saga.Definition{Kind: "clean", Steps: []saga.Step{d.step("clean", nil)}})
		first := w.mustBegin(e, "try", "1", "2")
		synctest.Wait()
		var second int64
		err := w.write(func(tx *store.Tx) (err error) {
			if err = e.Cancel(t.Context(), tx, thing("1"), "deleted"); err != nil {
				return err
			}
			second, err = e.Begin(t.Context(), tx, saga.New{Kind: "clean", Locks: []saga.Lock{thing("1")}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		third := w.mustBegin(e, "clean", "2") // by the other lock
		time.Sleep(time.Minute)               // heartbeats must not begin it either
		synctest.Wait()
		if got := d.read(); len(got) != 0 {
			t.Errorf("%v began beside the step of the cancelled saga", got)
		}
		close(release)
		if one, two := w.wait(e, second), w.wait(e, third); one.Failed || two.Failed {
			t.Errorf("the next ones ended %+v, %+v", one, two)
		}
		d.assert(t, "clean", "clean")
		if n := w.steps(first); n != 0 {
			t.Errorf("%d steps of the cancelled saga are journaled", n)
		}
	})
}

// A step that ignores its context and succeeds after Close has done its work,
// but the run is over: it writes nothing, and the next start does it again.
func TestAStepThatIgnoresItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var runs atomic.Int64
		release := make(chan bool)
		definition := saga.Definition{Kind: "try", Steps: []saga.Step{
			{Name: "stubborn", Do: func(context.Context, *saga.Run) error { runs.Add(1); <-release; return nil }},
			{Name: "last", Do: func(context.Context, *saga.Run) error { return nil }},
		}}
		e := w.start("n", definition)
		id := w.mustBegin(e, "try", "1")
		synctest.Wait()
		closed := make(chan bool)
		go func() { e.Close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close has returned while a step runs")
		default:
		}
		close(release)
		<-closed
		if found, _ := w.unfinished(id); !found || w.steps(id) != 0 {
			t.Errorf("after Close it is there: %v, with %d steps journaled", found, w.steps(id))
		}
		e = w.start("n", definition)
		if end := w.wait(e, id); end.Failed || runs.Load() != 2 {
			t.Errorf("ended %+v after %d runs", end, runs.Load())
		}
	})
}

// The end of a saga and what it means are one: if a hook, or what it needs to
// see, fails, the saga has not ended, the failure is logged, and it is tried
// again without the steps.
func TestAHooksFailureEndsNothing(t *testing.T) {
	for name, failed := range map[string]bool{"complete": false, "abort": true, "observe": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				var broken atomic.Bool
				broken.Store(true)
				var d diary
				fails := func() error {
					if broken.Load() {
						return errors.New("no luck with the hook")
					}
					return nil
				}
				definition := saga.Definition{Kind: "try", Steps: []saga.Step{d.step("a", nil)}}
				hook := func(_ context.Context, _ *store.Tx, r *saga.Run) error {
					var seen string
					if _, err := r.Output(saga.Observed, &seen); err != nil || name == "observe" && seen != "seen" {
						t.Errorf("the hook reads %q, %v", seen, err)
					}
					return fails()
				}
				switch name {
				case "complete":
					definition.Complete = hook
				case "abort":
					definition.Abort, definition.Steps[0] = hook, d.step("a", errLuck)
				case "observe":
					definition.Complete = hook
					definition.Observe = func(_ context.Context, r *saga.Run) error { return errors.Join(r.SetOutput("seen"), fails()) }
				}
				var log logged
				e := w.startLogged("n", slog.New(&log), definition)
				id := w.mustBegin(e, "try", "1")
				time.Sleep(time.Minute)
				synctest.Wait()
				if found, _ := w.unfinished(id); !found {
					t.Error("with a hook that fails the saga has ended")
				}
				if !log.warned("no luck with the hook") {
					t.Error("the hook's failure is not in the log")
				}
				before := d.read()
				broken.Store(false)
				if end := w.wait(e, id); end.Failed != failed {
					t.Errorf("ended %+v", end)
				}
				d.assert(t, before...) // no step is done once more
			})
		})
	}
}
