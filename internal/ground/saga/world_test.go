package saga_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// world is a database with sagas, and the record that is kept of their ends.
type world struct {
	t  *testing.T
	db *store.DB

	mu   sync.Mutex
	ends map[int64]saga.End
}

// newWorld opens a database whose time is the test's bubble's.
func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.Source(t), store.WithClock(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &world{t: t, db: db, ends: map[int64]saga.End{}}
}

func (w *world) start(owner string, definitions ...saga.Definition) *saga.Engine {
	w.t.Helper()
	return w.startLogged(owner, slog.New(slog.DiscardHandler), definitions...)
}

func (w *world) startLogged(owner string, log *slog.Logger, definitions ...saga.Definition) *saga.Engine {
	w.t.Helper()
	e := saga.NewEngine(w.db, owner, log)
	e.Define(definitions...)
	e.Hooks.Ended = func(_ context.Context, tx *store.Tx, id int64, end saga.End) error {
		tx.OnCommit(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			if _, twice := w.ends[id]; twice {
				w.t.Errorf("saga %d has ended twice", id)
			}
			w.ends[id] = end
		})
		return nil
	}
	if err := e.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(e.Close)
	return e
}

// thing is the lock of the thing with that key.
func thing(key string) saga.Lock { return saga.Lock{Kind: "thing", Key: key} }

// begin begins a saga that locks the things.
func (w *world) begin(e *saga.Engine, kind string, things ...string) (id int64, err error) {
	w.t.Helper()
	n := saga.New{Kind: kind, Subject: strings.Join(things, " ")}
	for _, key := range things {
		n.Locks = append(n.Locks, thing(key))
	}
	err = w.write(func(tx *store.Tx) (err error) {
		id, err = e.Begin(w.t.Context(), tx, n)
		return err
	})
	return id, err
}

func (w *world) mustBegin(e *saga.Engine, kind string, things ...string) int64 {
	w.t.Helper()
	id, err := w.begin(e, kind, things...)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) write(fn func(tx *store.Tx) error) error {
	return w.db.Write(context.Background(), fn)
}

// ended returns how the saga has ended, if it has.
func (w *world) ended(id int64) (end saga.End, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end, ok = w.ends[id]
	return end, ok
}

// wait returns how the saga ends.
func (w *world) wait(e *saga.Engine, id int64) saga.End {
	w.t.Helper()
	ended, stop := e.Watch(id)
	defer stop()
	if end, ok := w.ended(id); ok {
		return end
	}
	select {
	case <-ended:
	case <-time.After(time.Minute): // of the bubble
		w.t.Fatalf("saga %d does not end", id)
	}
	end, _ := w.ended(id)
	return end
}

// count counts the rows that a query finds.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	err := w.write(func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), statement, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// steps counts what the journal has of the saga.
func (w *world) steps(id int64) int {
	return w.count(`SELECT count(*) FROM saga_steps WHERE saga_id = $1`, id)
}

// unfinished reports whether the saga has a row, and why it is being undone.
func (w *world) unfinished(id int64) (found bool, reason string) {
	w.t.Helper()
	rows, err := w.db.Query(context.Background(), `SELECT reason FROM sagas WHERE id = $1`, id)
	all, err := store.Collect(rows, err, func(row store.Scanner) (s string, err error) { return s, row.Scan(&s) })
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all) == 1, strings.Join(all, "")
}

// diary notes what steps do, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) step(name string, err error) saga.Step {
	note := func(prefix string, err error) func(context.Context, *saga.Run) error {
		return func(context.Context, *saga.Run) error {
			d.note(prefix + name)
			return err
		}
	}
	return saga.Step{Name: name, Do: note("", err), Undo: note("undo ", nil)}
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

func (d *diary) assert(t *testing.T, want ...string) {
	t.Helper()
	if got := d.read(); !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
}

// blocking is a step that tells when it has begun and waits for its context or
// a release.
func blocking() (step saga.Step, began chan struct{}, release chan struct{}) {
	began, release = make(chan struct{}, 8), make(chan struct{})
	return saga.Step{Name: "block", Do: func(ctx context.Context, _ *saga.Run) error {
		began <- struct{}{}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}, began, release
}
