package action_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func openDB(t *testing.T, c *clock) (*store.DB, int64) {
	t.Helper()
	return openDBAt(t, c.now)
}

func openDBAt(t *testing.T, now func() time.Time) (*store.DB, int64) {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.Source(t), store.WithClock(now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var accountID int64
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
		accountID, err = account.First(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, accountID
}

func start(t *testing.T, db *store.DB, owner string, definitions ...action.Definition) *action.Engine {
	t.Helper()
	return startLogged(t, db, owner, slog.New(slog.DiscardHandler), definitions...)
}

func startLogged(t *testing.T, db *store.DB, owner string, log *slog.Logger, definitions ...action.Definition) *action.Engine {
	t.Helper()
	e := action.NewEngine(db, owner, log)
	for i := range definitions {
		definitions[i].ResourceType = "thing"
	}
	e.Define(definitions...)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func openAction(t *testing.T, db *store.DB, e *action.Engine, accountID int64, actionType string, resource int64) (a action.Action, err error) {
	t.Helper()
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
		a, err = e.Open(t.Context(), tx, "thing", action.New{AccountID: accountID, Type: actionType, ResourceID: resource})
		return err
	})
	return a, err
}

// diary notes what steps do, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) step(name string, err error) action.Step {
	note := func(prefix string, err error) func(context.Context, *action.Run) error {
		return func(context.Context, *action.Run) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.lines = append(d.lines, prefix+name)
			return err
		}
	}
	return action.Step{Name: name, Do: note("", err), Undo: note("undo ", nil)}
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

func TestAFailureIsUndoneInReverse(t *testing.T) {
	c := &clock{at: time.Unix(1e9, 0)}
	db, accountID := openDB(t, c)
	var d diary
	e := start(t, db, "n", action.Definition{Type: "try", Steps: []action.Step{
		d.step("a", nil), d.step("b", errors.New("no luck")), d.step("c", nil),
	}})
	a, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err = e.Wait(t.Context(), accountID, a.ID)
	if err != nil || a.Status != action.Errored || a.Reason != "no luck" || a.CompletedAt == nil {
		t.Errorf("ended %+v, %v", a, err)
	}
	if got, want := d.read(), []string{"a", "b", "undo c", "undo b", "undo a"}; !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
	if _, err := openAction(t, db, e, accountID, "try", 1); err != nil {
		t.Errorf("the resource is not free again: %v", err)
	}
}

func TestAPanicFailsTheAction(t *testing.T) {
	db, accountID := openDB(t, &clock{at: time.Unix(1e9, 0)})
	e := start(t, db, "n", action.Definition{Type: "try", Steps: []action.Step{
		{Name: "a", Do: func(context.Context, *action.Run) error { panic("oops") }},
	}})
	a, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = e.Wait(t.Context(), accountID, a.ID); err != nil || a.Status != action.Errored || a.Reason != "internal error" {
		t.Errorf("ended %+v, %v", a, err)
	}
}

// blocking is a step that tells when it has begun and waits for its context or
// a release.
func blocking() (step action.Step, began chan struct{}, release chan struct{}) {
	began, release = make(chan struct{}, 8), make(chan struct{})
	return action.Step{Name: "block", Do: func(ctx context.Context, _ *action.Run) error {
		began <- struct{}{}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}, began, release
}

func TestOneUnfinishedActionForEachResource(t *testing.T) {
	db, accountID := openDB(t, &clock{at: time.Unix(1e9, 0)})
	step, began, release := blocking()
	e := start(t, db, "n", action.Definition{Type: "try", Steps: []action.Step{step}})
	first, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	await.Receive(t, began, "the step to begin")
	if _, err := openAction(t, db, e, accountID, "try", 1); !errors.Is(err, action.ErrPending) {
		t.Errorf("a second action: %v, want ErrPending", err)
	}
	if _, err := openAction(t, db, e, accountID, "try", 2); err != nil {
		t.Errorf("another resource's action: %v", err)
	}
	close(release)
	if a, err := e.Wait(t.Context(), accountID, first.ID); err != nil || a.Status != action.Completed {
		t.Errorf("ended %+v, %v", a, err)
	}
}

func TestCancelMakesWayForTheNext(t *testing.T) {
	db, accountID := openDB(t, &clock{at: time.Unix(1e9, 0)})
	step, began, _ := blocking()
	var d diary
	e := start(t, db, "n",
		action.Definition{Type: "try", Steps: []action.Step{step, d.step("never", nil)}},
		action.Definition{Type: "clean", Steps: []action.Step{d.step("clean", nil)}})
	first, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	await.Receive(t, began, "the step to begin")
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
	if a, err := e.Wait(t.Context(), accountID, first.ID); err != nil || a.Status != action.Errored || a.Reason != "make way" {
		t.Errorf("the first ended %+v, %v", a, err)
	}
	if a, err := e.Wait(t.Context(), accountID, second.ID); err != nil || a.Status != action.Completed {
		t.Errorf("the second ended %+v, %v", a, err)
	}
	if got := d.read(); !slices.Equal(got, []string{"clean"}) {
		t.Errorf("steps %v: the cancelled action went on, or was undone", got)
	}
}

func TestCloseLeavesTheActionForTheNextStart(t *testing.T) {
	db, accountID := openDB(t, &clock{at: time.Unix(1e9, 0)})
	var d diary
	step, began, release := blocking()
	definition := action.Definition{Type: "try", Steps: []action.Step{d.step("a", nil), step}}
	e := start(t, db, "n", definition)
	a, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	await.Receive(t, began, "the step to begin")
	e.Close()
	if a, err := action.Get(t.Context(), db, accountID, a.ID); err != nil || a.Status != action.InProgress {
		t.Fatalf("after Close: %+v, %v", a, err)
	}
	close(release)
	e = start(t, db, "n", definition)
	if a, err := e.Wait(t.Context(), accountID, a.ID); err != nil || a.Status != action.Completed {
		t.Errorf("after the next start: %+v, %v", a, err)
	}
	if got := d.read(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("steps %v: a journaled step was done again", got)
	}
}

func TestAYoungActionIsHeldUntilItsEnd(t *testing.T) {
	c := &clock{at: time.Unix(1e9, 0)}
	db, accountID := openDB(t, c)
	step, began, release := blocking()
	e := start(t, db, "n", action.Definition{Type: "try", Steps: []action.Step{step}})
	a, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	await.Receive(t, began, "the step to begin")
	e.Hold = 20 * time.Millisecond
	if a, err := e.Held(t.Context(), accountID, a.ID, 0); err != nil || a.Status != action.InProgress {
		t.Errorf("after the hold: %+v, %v", a, err)
	}
	e.Hold = time.Hour
	c.advance(time.Hour)
	if a, err := e.Held(t.Context(), accountID, a.ID, 0); err != nil || a.Status != action.InProgress {
		t.Errorf("an old one: %+v, %v", a, err)
	}
	c.advance(-time.Minute)
	held := make(chan action.Action)
	hold := func(patience time.Duration) {
		a, _ := e.Held(t.Context(), accountID, a.ID, patience)
		held <- a
	}
	go hold(0)
	go hold(time.Hour)
	close(release)
	for range 2 {
		if a := await.Receive(t, held, "the held GET"); a.Status != action.Completed {
			t.Errorf("held until %s", a.Status)
		}
	}
}

// An action that began in the future, by a clock that was set back since, is
// held no longer than any other.
func TestAnActionFromTheFutureIsHeldAsShortly(t *testing.T) {
	c := &clock{at: time.Unix(1e9, 0)}
	db, accountID := openDB(t, c)
	step, began, release := blocking()
	defer close(release)
	e := start(t, db, "n", action.Definition{Type: "try", Steps: []action.Step{step}})
	a, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	await.Receive(t, began, "the step to begin")
	e.Hold = 20 * time.Millisecond
	c.advance(-time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if a, err := e.Held(ctx, accountID, a.ID, 0); err != nil || a.Status != action.InProgress || ctx.Err() != nil {
		t.Errorf("%+v, %v, held for 10 s: %v", a, err, ctx.Err())
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	db, accountID := openDB(t, &clock{at: time.Unix(1e9, 0)})
	step, began, _ := blocking()
	e := start(t, db, "n", action.Definition{Type: "try", Steps: []action.Step{step}})
	a, err := openAction(t, db, e, accountID, "try", 1)
	if err != nil {
		t.Fatal(err)
	}
	await.Receive(t, began, "the step to begin")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := e.Wait(ctx, accountID, a.ID); !errors.Is(err, context.Canceled) || a.Status != action.InProgress {
		t.Errorf("Wait: %+v, %v", a, err)
	}
	e.Hold = time.Hour
	if a, err := e.Held(ctx, accountID, a.ID, 0); err != nil || a.Status != action.InProgress {
		t.Errorf("Held: %+v, %v", a, err)
	}
}
