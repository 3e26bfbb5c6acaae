package sweep_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// rows is a number of rows that are too old. It records when it is called.
type rows struct {
	left  int64
	asked []time.Duration
	began time.Time
	err   error
}

func (r *rows) sweep(_ context.Context, _ *store.Tx, limit int) (int64, error) {
	r.asked = append(r.asked, time.Since(r.began))
	n := min(r.left, int64(limit))
	r.left -= n
	return n, r.err
}

// Run removes rows in batches with pauses, and again after Interval. An error does not
// stop it.
func TestRun(t *testing.T) {
	storetest.NeedSQLite(t, "time stands still while PostgreSQL is waited for")
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), storetest.Source(t))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var log bytes.Buffer
		many := &rows{left: 2*sweep.Batch + 1, began: time.Now()}
		failing := &rows{err: errors.New("no way"), began: time.Now()}
		ctx, cancel := context.WithTimeout(t.Context(), sweep.Interval+time.Minute)
		defer cancel()
		sweep.Run(ctx, db, slog.New(slog.NewTextHandler(&log, nil)), map[string]sweep.Rows{"many": many.sweep, "failing": failing.sweep})
		if want := []time.Duration{0, sweep.Pause, 2 * sweep.Pause, sweep.Interval}; !slices.Equal(many.asked, want) {
			t.Errorf("swept at %v, want %v", many.asked, want)
		}
		if many.left != 0 || len(failing.asked) != 2 {
			t.Errorf("%d rows are left; the one that fails was tried %d times", many.left, len(failing.asked))
		}
		if n := strings.Count(log.String(), "no way"); n != 2 {
			t.Errorf("the log has %d errors, want 2: %s", n, log.String())
		}
	})
}

// Once returns when its context ends, although more rows are too old.
func TestOnceEndsWithItsContext(t *testing.T) {
	db, err := store.Open(t.Context(), storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r := &rows{left: 1 << 40}
	err = sweep.Once(ctx, db, func(ctx context.Context, tx *store.Tx, limit int) (int64, error) {
		cancel()
		return r.sweep(ctx, tx, limit)
	})
	if !errors.Is(err, context.Canceled) || len(r.asked) != 1 {
		t.Errorf("%v after %d batches", err, len(r.asked))
	}
}
