package action_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
)

// world has the actions of an account on things. Its time is that of a synctest bubble.
type world struct {
	*action.Service
	t       *testing.T
	db      *store.DB
	account int64
}

func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), storetest.Source(t), store.WithClock(time.Now))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		w := &world{t: t, db: db}
		if err := w.write(func(tx *store.Tx) (err error) {
			w.account, err = account.First(t.Context(), tx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		test(t, w)
	})
}

func (w *world) write(fn func(tx *store.Tx) error) error {
	return w.db.Write(context.Background(), fn)
}

func (w *world) start(kinds ...action.Kind) {
	w.t.Helper()
	sizes := size.NewCatalog([]string{"nyc3"}, func() (size.Bounds, bool) { return size.Bounds{}, true })
	regions, err := region.NewCatalog([]string{"nyc3"}, sizes, func() ([]string, bool) { return nil, true })
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service = action.NewService(w.db, regions, "node", slog.New(slog.DiscardHandler))
	for i := range kinds {
		kinds[i].ResourceType = "thing"
	}
	w.Define(kinds...)
	if err := w.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.Close)
}

func thing(id string) action.Resource { return action.Resource{Type: "thing", ID: id} }

func (w *world) open(actionType, id string, locks ...saga.Lock) (a action.Action, err error) {
	w.t.Helper()
	err = w.write(func(tx *store.Tx) (err error) {
		a, err = w.Open(w.t.Context(), tx, action.New{AccountID: w.account, Type: actionType, Resource: thing(id), Locks: locks})
		return err
	})
	return a, err
}

func (w *world) mustOpen(actionType, id string) action.Action {
	w.t.Helper()
	a, err := w.open(actionType, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) wait(id int64) action.Action {
	w.t.Helper()
	a, err := w.Wait(w.t.Context(), w.account, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// kindOf is a kind of action with those steps.
func kindOf(actionType string, steps ...func(context.Context, *saga.Run) error) action.Kind {
	k := action.Kind{Type: actionType}
	for i, do := range steps {
		k.Steps = append(k.Steps, saga.Step{Name: string(rune('a' + i)), Do: do})
	}
	return k
}

// blocking is a step that waits for its context or a release.
func blocking() (step func(context.Context, *saga.Run) error, release chan struct{}) {
	release = make(chan struct{})
	return func(ctx context.Context, _ *saga.Run) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, release
}

// An action records the parameters, the progress and the end of its saga.
func TestAnActionRecordsItsSaga(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		type params struct{ Size string }
		step, release := blocking()
		w.start(kindOf("grow", func(ctx context.Context, r *saga.Run) error {
			var p params
			if err := r.Params(&p); err != nil || p.Size != "big" || r.Subject() != "7" {
				t.Errorf("the step reads %+v of %s, %v", p, r.Subject(), err)
			}
			r.Progress(ctx, "growing")
			return nil
		}, step), kindOf("fail", func(context.Context, *saga.Run) error { return errors.New("no luck") }))
		var a action.Action
		if err := w.write(func(tx *store.Tx) (err error) {
			a, err = w.Open(t.Context(), tx, action.New{AccountID: w.account, Type: "grow", Resource: thing("7"), Region: "nyc3", Params: params{"big"}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got, err := action.Get(t.Context(), w.db, w.account, a.ID)
		want := action.Action{ID: a.ID, AccountID: w.account, Type: "grow", Status: action.InProgress, Resource: thing("7"), Region: "nyc3",
			Params: json.RawMessage(`{"Size":"big"}`), StartedAt: time.Now().UTC(), Progress: "growing"}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("the action (-want +got): %v\n%s", err, diff)
		}
		time.Sleep(time.Second)
		close(release)
		got, ended := w.wait(a.ID), time.Now().UTC()
		want.Status, want.Progress, want.CompletedAt = action.Completed, "", &ended
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the ended action (-want +got):\n%s", diff)
		}
		if a := w.wait(w.mustOpen("fail", "7").ID); a.Status != action.Errored || a.Reason != "no luck" || a.CompletedAt == nil {
			t.Errorf("the failed action: %+v", a)
		}
	})
}

// An unfinished action has the lock of its resource and its other locks.
func TestAnUnfinishedActionLocks(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		step, release := blocking()
		defer close(release)
		w.start(kindOf("try", step))
		first, err := w.open("try", "1", saga.Lock{Kind: "volume", Key: "v"})
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			id    string
			locks []saga.Lock
			want  error
		}{
			{"1", nil, action.ErrPending}, {"2", []saga.Lock{{Kind: "volume", Key: "v"}}, action.ErrPending}, {"3", nil, nil},
		} {
			if _, err := w.open("try", test.id, test.locks...); !errors.Is(err, test.want) {
				t.Errorf("thing %s with %v: %v, want %v", test.id, test.locks, err, test.want)
			}
		}
		if err := w.write(func(tx *store.Tx) error { return w.Cancel(t.Context(), tx, thing("1"), "deleted") }); err != nil {
			t.Fatal(err)
		}
		if a := w.wait(first.ID); a.Status != action.Errored || a.Reason != "deleted" {
			t.Errorf("the cancelled action: %+v", a)
		}
		w.mustOpen("try", "1")
	})
}

// A view's resource_id is a number, or null if the id is not a number.
func TestViewOfResources(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start(action.Kind{Type: "try"})
		for id, want := range map[string]string{"7": "7", "4c1d5d2e-3b44-4b0c-8f67-4a2c52b5b5b2": "null"} {
			text, err := json.Marshal(w.View(w.wait(w.mustOpen("try", id).ID)))
			var shown map[string]json.RawMessage
			if err = errors.Join(err, json.Unmarshal(text, &shown)); err != nil || string(shown["resource_id"]) != want {
				t.Errorf("thing %s is shown as %s, %v", id, shown["resource_id"], err)
			}
		}
	})
}

func TestPollWaitsForYoungActions(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		step, release := blocking()
		w.start(kindOf("try", step))
		a := w.mustOpen("try", "1")
		began := time.Now()
		poll := func(patience time.Duration) (action.Action, time.Duration) {
			t.Helper()
			before := time.Now()
			a, err := w.Poll(t.Context(), w.account, a.ID, patience)
			if err != nil {
				t.Error(err)
			}
			return a, time.Since(before)
		}
		w.LongPoll = 20 * time.Second
		for _, test := range []struct{ patience, want time.Duration }{
			{0, 20 * time.Second},      // until it is no longer young
			{0, 0},                     // now it is old
			{time.Minute, time.Minute}, // but the client would wait
			{time.Second, time.Second}, //
			{-time.Second, 0},          //
		} {
			if a, took := poll(test.patience); a.Status != action.InProgress || took != test.want {
				t.Errorf("patience %v: %s after %v, want %v", test.patience, a.Status, took, test.want)
			}
		}
		// If the clock was set back, the action starts in the future and counts as young.
		if err := w.write(func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE actions SET started_at = $1`, store.Micros(time.Now().Add(time.Hour)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, took := poll(0); took != w.LongPoll {
			t.Errorf("an action from the future is waited for %v", took)
		}
		time.AfterFunc(5*time.Second, func() { close(release) })
		if a, took := poll(0); a.Status != action.Completed || took != 5*time.Second {
			t.Errorf("%s after %v, %v after its begin", a.Status, took, time.Since(began))
		}
		if a, took := poll(time.Hour); a.Status != action.Completed || took != 0 {
			t.Errorf("an ended action: %s after %v", a.Status, took)
		}
		if _, err := w.Poll(t.Context(), w.account+1, a.ID, 0); !errors.As(err, new(*apierr.Error)) {
			t.Errorf("another account's action: %v", err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		step, release := blocking()
		defer close(release)
		w.start(kindOf("try", step))
		a := w.mustOpen("try", "1")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if a, err := w.Wait(ctx, w.account, a.ID); !errors.Is(err, context.Canceled) || a.Status != action.InProgress {
			t.Errorf("Wait: %+v, %v", a, err)
		}
		if err := w.WaitAll(ctx, a); !errors.Is(err, context.Canceled) {
			t.Errorf("WaitAll: %v", err)
		}
		w.LongPoll = time.Hour
		if a, err := w.Poll(ctx, w.account, a.ID, 0); err != nil || a.Status != action.InProgress {
			t.Errorf("Poll: %+v, %v", a, err)
		}
	})
}
