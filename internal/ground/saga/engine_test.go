package saga_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// bubble runs a test in a bubble of package synctest: time goes on only when all
// goroutines wait, so that a test can see that nothing happens.
func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

var errLuck = errors.New("no luck")

func TestAFailureIsUndoneInReverse(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var d diary
		e := w.start("n", saga.Definition{Kind: "try", Steps: []saga.Step{
			d.step("a", nil), d.step("b", errLuck), d.step("c", nil),
		}})
		id := w.mustBegin(e, "try", "1")
		if end := w.wait(e, id); end != (saga.End{Failed: true, Reason: "no luck"}) {
			t.Errorf("ended %+v", end)
		}
		d.assert(t, "a", "b", "undo c", "undo b", "undo a")
		if _, err := w.begin(e, "try", "1"); err != nil {
			t.Errorf("the lock is still held: %v", err)
		}
	})
}

func TestAPanicFailsTheSaga(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.start("n", saga.Definition{Kind: "try", Steps: []saga.Step{
			{Name: "a", Do: func(context.Context, *saga.Run) error { panic("oops") }},
		}})
		if end := w.wait(e, w.mustBegin(e, "try", "1")); end.Reason != "internal error" || !end.Failed {
			t.Errorf("ended %+v", end)
		}
	})
}

// A saga has all of its locks, or it does not begin.
func TestLocksExclude(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		step, _, release := blocking()
		e := w.start("n", saga.Definition{Kind: "try", Steps: []saga.Step{step}})
		first := w.mustBegin(e, "try", "1", "2")
		synctest.Wait()
		for _, test := range []struct {
			things []string
			want   error
		}{
			{[]string{"1"}, saga.ErrLocked}, {[]string{"2"}, saga.ErrLocked}, {[]string{"3", "2"}, saga.ErrLocked},
			{[]string{"3"}, nil}, {nil, nil},
		} {
			if _, err := w.begin(e, "try", test.things...); !errors.Is(err, test.want) {
				t.Errorf("a second saga with the locks %v: %v, want %v", test.things, err, test.want)
			}
		}
		if holder, found, err := saga.Holder(t.Context(), w.db, thing("2")); err != nil || !found || holder != first {
			t.Errorf("the holder is %d, %v, %v", holder, found, err)
		}
		if n := w.count(`SELECT count(*) FROM (SELECT 2 AS id UNION SELECT 4) things WHERE ` + saga.IsLocked("thing", "things.id")); n != 1 {
			t.Errorf("IsLocked finds %d of the things 2 and 4 locked", n)
		}
		close(release)
		if end := w.wait(e, first); end.Failed {
			t.Errorf("ended %+v", end)
		}
		if _, found, err := saga.Holder(t.Context(), w.db, thing("2")); err != nil || found {
			t.Errorf("after the end a lock is held: %v, %v", found, err)
		}
	})
}

// The same lock twice is a mistake of the caller, not a lock that another saga
// holds.
func TestALockIsGivenOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.start("n", saga.Definition{Kind: "try"})
		if _, err := w.begin(e, "try", "1", "1"); err == nil || errors.Is(err, saga.ErrLocked) {
			t.Errorf("the lock of one thing twice: %v", err)
		}
	})
}

func TestCancelMakesRoomForTheNext(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		step, _, _ := blocking()
		var d diary
		e := w.start("n",
			saga.Definition{Kind: "try", Steps: []saga.Step{step, d.step("never", nil)}},
			saga.Definition{Kind: "clean", Steps: []saga.Step{d.step("clean", nil)}})
		first := w.mustBegin(e, "try", "1", "2")
		synctest.Wait()
		var second int64
		err := w.write(func(tx *store.Tx) (err error) {
			if err = e.Cancel(t.Context(), tx, thing("2"), "deleted"); err != nil {
				return err
			}
			second, err = e.Begin(t.Context(), tx, saga.New{Kind: "clean", Locks: []saga.Lock{thing("1")}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if end := w.wait(e, first); end != (saga.End{Failed: true, Reason: "deleted"}) {
			t.Errorf("the first ended %+v", end)
		}
		if end := w.wait(e, second); end.Failed {
			t.Errorf("the second ended %+v", end)
		}
		d.assert(t, "clean") // the cancelled saga neither went on nor was undone
		if err := w.write(func(tx *store.Tx) error { return e.Cancel(t.Context(), tx, thing("1"), "again") }); err != nil {
			t.Errorf("cancel without a saga: %v", err)
		}
	})
}

func TestCloseLeavesTheSagaForTheNextStart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var d diary
		step, _, release := blocking()
		definition := saga.Definition{Kind: "try", Steps: []saga.Step{d.step("a", nil), step}}
		e := w.start("n", definition)
		id := w.mustBegin(e, "try", "1")
		synctest.Wait()
		e.Close()
		if found, _ := w.unfinished(id); !found {
			t.Fatal("after Close the saga has no row")
		}
		close(release)
		e = w.start("n", definition)
		if end := w.wait(e, id); end.Failed {
			t.Errorf("after the next start: %+v", end)
		}
		d.assert(t, "a") // a journaled step is not done again
	})
}

// What steps have found out and what the saga was begun with is there after a
// crash, for later steps, for undos and for the hooks.
func TestParametersAndOutputsSurviveACrash(t *testing.T) {
	type size struct{ MemoryMB int }
	for name, fails := range map[string]bool{"forward": false, "back": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				var d diary
				crashed := false
				told := func(what string, r *saga.Run) error {
					var params, was, never size
					err := r.Params(&params)
					found, err2 := r.Output("measure", &was)
					none, err3 := r.Output("never", &never)
					d.note(fmt.Sprintf("%s %d was %d %v %v %s %s", what, params.MemoryMB, was.MemoryMB, found, none, r.Subject(), r.Reason()))
					return errors.Join(err, err2, err3)
				}
				end := func(_ context.Context, _ *store.Tx, r *saga.Run) error {
					var seen string
					_, err := r.Output(saga.Observed, &seen)
					return errors.Join(err, told("end "+seen, r))
				}
				definition := saga.Definition{Kind: "resize", Complete: end, Abort: end,
					Observe: func(_ context.Context, r *saga.Run) error { return r.SetOutput("off") },
					Steps: []saga.Step{
						{Name: "measure", Do: func(_ context.Context, r *saga.Run) error { return r.SetOutput(size{512}) }},
						{Name: "change", Do: func(_ context.Context, r *saga.Run) error {
							if !crashed {
								crashed = true
								return fault.ErrCrash
							}
							if fails {
								return errLuck
							}
							return told("change", r)
						}, Undo: func(_ context.Context, r *saga.Run) error { return told("undo", r) }},
					}}
				e := w.start("n", definition)
				var id int64
				if err := w.write(func(tx *store.Tx) (err error) {
					id, err = e.Begin(t.Context(), tx, saga.New{Kind: "resize", Subject: "7", Params: size{1024}})
					return err
				}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				e.Close()
				e = w.start("n", definition)
				w.wait(e, id)
				if fails {
					d.assert(t, "undo 1024 was 512 true false 7 no luck", "end off 1024 was 512 true false 7 no luck")
				} else {
					d.assert(t, "change 1024 was 512 true false 7 ", "end off 1024 was 512 true false 7 ")
				}
			})
		})
	}
}

// A volatile step is done again by whoever goes on after a crash; any other that
// is done is not.
func TestAVolatileStepIsDoneAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var d diary
		crashed := false
		volatile := d.step("start", nil)
		volatile.Volatile = true
		definition := saga.Definition{Kind: "try", Steps: []saga.Step{d.step("disk", nil), volatile,
			{Name: "wait", Do: func(context.Context, *saga.Run) error {
				if !crashed {
					crashed = true
					return fault.ErrCrash
				}
				return nil
			}}}}
		e := w.start("n", definition)
		id := w.mustBegin(e, "try", "1")
		synctest.Wait()
		e.Close()
		w.wait(w.start("n", definition), id)
		d.assert(t, "disk", "start", "start")
	})
}

// A saga that an older version has begun, and this one does not know, ends.
func TestAnUnknownKindFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.start("n", saga.Definition{Kind: "old", Steps: []saga.Step{{Name: "crash", Do: func(context.Context, *saga.Run) error { return fault.ErrCrash }}}})
		id := w.mustBegin(e, "old", "1")
		synctest.Wait()
		e.Close()
		if end := w.wait(w.start("n"), id); !end.Failed || end.Reason != "this version of Rockpool knows no operation old" {
			t.Errorf("ended %+v", end)
		}
		if _, err := w.begin(e, "new", "1"); err == nil {
			t.Error("a kind that is not defined can be begun")
		}
	})
}

// A saga that retries is never undone.
func TestRetryGoesOnUntilItSucceeds(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		tries := 0
		var d diary
		e := w.start("n", saga.Definition{Kind: "clean", Retry: true, Steps: []saga.Step{{Name: "remove", Undo: d.step("never", nil).Undo,
			Do: func(context.Context, *saga.Run) error {
				if tries++; tries < 5 {
					return errLuck
				}
				return nil
			}}}})
		if end := w.wait(e, w.mustBegin(e, "clean", "1")); end.Failed || tries != 5 {
			t.Errorf("ended %+v after %d tries", end, tries)
		}
		d.assert(t)
	})
}
