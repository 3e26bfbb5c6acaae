package action_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Everything below runs in a bubble of package synctest: time goes on only when
// all goroutines wait, so that "nothing happens" can be seen.

// lossy opens a database whose time is the bubble's.
func lossy(t *testing.T) (*store.DB, int64) {
	t.Helper()
	return openDBAt(t, time.Now)
}

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

// get returns the action as the database has it.
func get(t *testing.T, db *store.DB, accountID, id int64) action.Action {
	t.Helper()
	a, err := action.Get(context.Background(), db, accountID, id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func exec(t *testing.T, db *store.DB, statement string, args ...any) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), statement, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// steps counts what the journal has of the action.
func steps(t *testing.T, db *store.DB, id int64) (n int) {
	t.Helper()
	if err := db.QueryRow(context.Background(), `SELECT count(*) FROM action_steps WHERE action_id = $1`, id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A run whose action has become another node's in the middle of a step writes
// nothing any more: not the journal, not the end, not what the end means.
func TestALostLeaseEndsTheRunWithoutAWord(t *testing.T) {
	for name, failure := range map[string]error{"the step succeeds": nil, "the step fails": errors.New("no luck")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db, accountID := lossy(t)
				var d diary
				began, release, hooks := make(chan bool, 1), make(chan bool), atomic.Int64{}
				hook := func(context.Context, *store.Tx, action.Action, string) error { hooks.Add(1); return nil }
				e := start(t, db, "n", action.Definition{Type: "try", Complete: hook, Abort: hook, Steps: []action.Step{
					{Name: "block", Do: func(context.Context, *action.Run) error {
						began <- true
						<-release
						return failure
					}, Undo: d.step("block", nil).Undo},
					d.step("next", nil),
				}}, action.Definition{Type: "next"})
				a, err := openAction(t, db, e, accountID, "try", 1)
				if err != nil {
					t.Fatal(err)
				}
				<-began
				exec(t, db, `UPDATE actions SET owner = 'other', lease_until = $2 WHERE id = $1`, a.ID, store.Micros(time.Now().Add(time.Hour)))
				close(release)
				synctest.Wait()
				if got := get(t, db, accountID, a.ID); got.Status != action.InProgress || got.Reason != "" {
					t.Errorf("the action of another node is %s, %q", got.Status, got.Reason)
				}
				if n := steps(t, db, a.ID); n != 0 || hooks.Load() != 0 || len(d.read()) != 0 {
					t.Errorf("the run wrote %d steps, called %d hooks and went on with %v", n, hooks.Load(), d.read())
				}
				// The run has ended: the resource is free for what comes next.
				exec(t, db, `UPDATE actions SET status = 'errored' WHERE id = $1`, a.ID)
				if a, err = openAction(t, db, e, accountID, "next", 1); err != nil {
					t.Fatal(err)
				}
				soon, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if a, err = e.Wait(soon, accountID, a.ID); err != nil || a.Status != action.Completed {
					t.Errorf("the resource's next action is %s: it waits for the lost run, %v", a.Status, err)
				}
			})
		})
	}
}

// A node renews the leases of what it works on before they run out, however
// long a step takes, and no other node takes them.
func TestALiveLeaseIsNotTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, accountID := lossy(t)
		step, began, release := blocking()
		definition := action.Definition{Type: "try", Steps: []action.Step{step}}
		one := start(t, db, "one", definition)
		a, err := openAction(t, db, one, accountID, "try", 1)
		if err != nil {
			t.Fatal(err)
		}
		<-began
		start(t, db, "two", definition)
		for range 120 {
			time.Sleep(time.Second)
			synctest.Wait()
			var owner string
			var until int64
			if err := db.QueryRow(t.Context(), `SELECT owner, lease_until FROM actions WHERE id = $1`, a.ID).Scan(&owner, &until); err != nil {
				t.Fatal(err)
			}
			if owner != "one" || until <= store.Micros(time.Now()) || len(began) != 0 {
				t.Fatalf("the lease is %s's until %v; it is %v, and %d runs more have begun",
					owner, store.Time(until), time.Now(), len(began))
			}
		}
		close(release)
		if a, err := one.Wait(t.Context(), accountID, a.ID); err != nil || a.Status != action.Completed {
			t.Errorf("ended %+v, %v", a, err)
		}
	})
}

// A node that is gone loses its actions to another one, which has not been
// restarted, after the lease and not before.
func TestADeadNodesActionIsTakenOverAfterTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, accountID := lossy(t)
		step, began, release := blocking()
		definition := action.Definition{Type: "try", Steps: []action.Step{step}}
		dead := start(t, db, "dead", definition)
		a, err := openAction(t, db, dead, accountID, "try", 1)
		if err != nil {
			t.Fatal(err)
		}
		<-began
		dead.Close()
		alive := start(t, db, "alive", definition)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if len(began) != 0 {
			t.Fatal("the action was taken over while its lease ran")
		}
		time.Sleep(12 * time.Second) // the lease's last second, and a heartbeat
		synctest.Wait()
		if len(began) != 1 {
			t.Fatal("the action was not taken over after its lease")
		}
		close(release)
		if a, err := alive.Wait(t.Context(), accountID, a.ID); err != nil || a.Status != action.Completed {
			t.Errorf("ended %+v, %v", a, err)
		}
	})
}

// Heartbeats of a node that has nothing to do write nothing: on a full disk each
// write may cost a part of the reserve, and the nights are long.
func TestAnIdleNodeWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, accountID := lossy(t)
		e := start(t, db, "n", action.Definition{Type: "try"})
		a, err := openAction(t, db, e, accountID, "try", 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Wait(t.Context(), accountID, a.ID); err != nil {
			t.Fatal(err)
		}
		before := db.Commits()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := db.Commits() - before; n != 0 {
			t.Errorf("it wrote %d times in an hour", n)
		}
	})
}

// What has ended stays ended: no heartbeat, no restart and no other node begins
// it again.
func TestAnEndedActionIsNotRevived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, accountID := lossy(t)
		var runs atomic.Int64
		definition := action.Definition{Type: "try", Steps: []action.Step{{Name: "a", Do: func(context.Context, *action.Run) error {
			if runs.Add(1) == 2 {
				return errors.New("no luck")
			}
			return nil
		}}}}
		e := start(t, db, "n", definition)
		var ended []action.Action
		for resource := range int64(2) { // one completes, one errors
			a, err := openAction(t, db, e, accountID, "try", resource+1)
			if err != nil {
				t.Fatal(err)
			}
			if a, err = e.Wait(t.Context(), accountID, a.ID); err != nil {
				t.Fatal(err)
			}
			ended = append(ended, a)
		}
		time.Sleep(time.Minute)
		e.Close()
		start(t, db, "n", definition)
		start(t, db, "other", definition)
		time.Sleep(time.Minute)
		synctest.Wait()
		if runs.Load() != 2 {
			t.Errorf("the steps ran %d times", runs.Load())
		}
		var owned int
		if err := db.QueryRow(t.Context(), `SELECT count(*) FROM actions WHERE owner IS NOT NULL`).Scan(&owned); err != nil || owned != 0 {
			t.Errorf("%d of the ended actions have an owner, %v", owned, err)
		}
		for _, a := range ended {
			if got := get(t, db, accountID, a.ID); got.Status != a.Status || !got.CompletedAt.Equal(*a.CompletedAt) {
				t.Errorf("what ended as %+v is now %+v", a, got)
			}
		}
	})
}

// An action that has failed goes on undoing after a crash at any undo, and
// never forward again.
func TestACrashAtEachUndo(t *testing.T) {
	const undos = 3
	for at := range undos {
		synctest.Test(t, func(t *testing.T) {
			db, accountID := lossy(t)
			var d diary
			crash := at + 1 // of the undos, counted
			count := 0
			step := func(name string, failure error) action.Step {
				s := d.step(name, failure)
				undo := s.Undo
				s.Undo = func(ctx context.Context, r *action.Run) error {
					count++
					if count == crash {
						return fault.ErrCrash
					}
					return undo(ctx, r)
				}
				return s
			}
			definition := action.Definition{Type: "try", Steps: []action.Step{
				step("a", nil), step("b", nil), step("c", errors.New("no luck")),
			}}
			e := start(t, db, "n", definition)
			a, err := openAction(t, db, e, accountID, "try", 1)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			e.Close()
			if got := get(t, db, accountID, a.ID); got.Status != action.InProgress || got.Reason != "no luck" {
				t.Fatalf("after the crash it is %s, %q", got.Status, got.Reason)
			}
			e = start(t, db, "n", definition)
			if a, err := e.Wait(t.Context(), accountID, a.ID); err != nil || a.Status != action.Errored || a.Reason != "no luck" {
				t.Errorf("ended %+v, %v", a, err)
			}
			if got, want := d.read(), []string{"a", "b", "c", "undo c", "undo b", "undo a"}; !slices.Equal(got, want) {
				t.Errorf("crash at undo %d: steps %v, want %v", crash, got, want)
			}
		})
	}
}

// The action that has cancelled another begins when that one's step, which
// ignores its context, has returned; what the step then says counts nothing.
func TestTheNextRunWaitsForTheCancelledOnesStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, accountID := lossy(t)
		var d diary
		release := make(chan bool)
		stubborn := action.Step{Name: "stubborn", Do: func(context.Context, *action.Run) error { <-release; return nil }}
		e := start(t, db, "n",
			action.Definition{Type: "try", Steps: []action.Step{stubborn, d.step("never", nil)}},
			action.Definition{Type: "clean", Steps: []action.Step{d.step("clean", nil)}})
		first, err := openAction(t, db, e, accountID, "try", 1)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var second action.Action
		err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
			if err = e.Cancel(t.Context(), tx, "thing", 1, "make way"); err != nil {
				return err
			}
			second, err = e.Open(t.Context(), tx, "thing", action.New{AccountID: accountID, Type: "clean", ResourceID: 1})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // heartbeats must not begin it either
		synctest.Wait()
		if got := d.read(); len(got) != 0 {
			t.Errorf("%v began beside the step of the cancelled action", got)
		}
		close(release)
		if a, err := e.Wait(t.Context(), accountID, second.ID); err != nil || a.Status != action.Completed {
			t.Errorf("the second ended %+v, %v", a, err)
		}
		if got := d.read(); !slices.Equal(got, []string{"clean"}) || steps(t, db, first.ID) != 0 {
			t.Errorf("steps %v, %d of the first journaled", got, steps(t, db, first.ID))
		}
	})
}

// A step that ignores its context and succeeds after Close has done its work,
// but the run is over: it writes nothing, and the next start does it again.
func TestAStepThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, accountID := lossy(t)
		var runs atomic.Int64
		release := make(chan bool)
		definition := action.Definition{Type: "try", Steps: []action.Step{
			{Name: "stubborn", Do: func(context.Context, *action.Run) error { runs.Add(1); <-release; return nil }},
			{Name: "last", Do: func(context.Context, *action.Run) error { return nil }},
		}}
		e := start(t, db, "n", definition)
		a, err := openAction(t, db, e, accountID, "try", 1)
		if err != nil {
			t.Fatal(err)
		}
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
		if got := get(t, db, accountID, a.ID); got.Status != action.InProgress || steps(t, db, a.ID) != 0 {
			t.Errorf("after Close it is %s, with %d steps journaled", got.Status, steps(t, db, a.ID))
		}
		e = start(t, db, "n", definition)
		if a, err := e.Wait(t.Context(), accountID, a.ID); err != nil || a.Status != action.Completed || runs.Load() != 2 {
			t.Errorf("ended %+v, %v, after %d runs", a, err, runs.Load())
		}
	})
}

// The end of an action and what it means for its resource are one: if the hook,
// or what it needs to see, fails, the action has not ended, the failure is
// logged, and it is tried again without the steps.
func TestAHooksFailureEndsNothing(t *testing.T) {
	for name, status := range map[string]string{"complete": action.Completed, "abort": action.Errored, "observe": action.Completed} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db, accountID := lossy(t)
				var broken atomic.Bool
				broken.Store(true)
				var d diary
				fails := func() error {
					if broken.Load() {
						return errors.New("no luck with the hook")
					}
					return nil
				}
				definition := action.Definition{Type: "try", Steps: []action.Step{d.step("a", nil)}}
				hook := func(ctx context.Context, tx *store.Tx, a action.Action, seen string) error {
					if name == "observe" && seen != "seen" {
						t.Errorf("the hook is handed %q", seen)
					}
					return fails()
				}
				switch name {
				case "complete":
					definition.Complete = hook
				case "abort":
					definition.Abort, definition.Steps[0] = hook, d.step("a", errors.New("no luck"))
				case "observe":
					definition.Complete = hook
					definition.Observe = func(context.Context, action.Action) (string, error) { return "seen", fails() }
				}
				var log logged
				e := startLogged(t, db, "n", slog.New(&log), definition)
				a, err := openAction(t, db, e, accountID, "try", 1)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := get(t, db, accountID, a.ID); got.Status != action.InProgress || got.CompletedAt != nil {
					t.Errorf("with a hook that fails the action is %s", got.Status)
				}
				if !log.warned("no luck with the hook") {
					t.Error("the hook's failure is not in the log")
				}
				before := d.read()
				broken.Store(false)
				if a, err := e.Wait(t.Context(), accountID, a.ID); err != nil || a.Status != status {
					t.Errorf("ended %+v, %v", a, err)
				}
				if got := d.read(); !slices.Equal(got, before) {
					t.Errorf("steps %v were done once more: %v", before, got)
				}
			})
		})
	}
}
