// Package sweep removes rows that are of no use any more: a little at a time, so
// that nobody who writes has to wait for it.
package sweep

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const (
	// Batch is how many rows one transaction removes, or a few more.
	Batch = 100
	// Pause is between two of them.
	Pause = 50 * time.Millisecond
	// Interval is between two times that everything is looked through.
	Interval = 10 * time.Minute
)

// Rows removes rows that are too old at the time of the transaction: about limit
// of them, and not fewer unless there are no more. It returns how many.
type Rows func(ctx context.Context, tx *store.Tx, limit int) (removed int64, err error)

// Run sweeps at once and then at every Interval, until ctx ends. What fails is
// logged, and tried again the next time.
func Run(ctx context.Context, db *store.DB, log *slog.Logger, all map[string]Rows) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		for what, rows := range all {
			if err := Once(ctx, db, rows); err != nil && ctx.Err() == nil {
				log.Error("remove what is too old", "what", what, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once removes all rows that are too old.
func Once(ctx context.Context, db *store.DB, rows Rows) error {
	for {
		var removed int64
		err := db.Write(ctx, func(tx *store.Tx) (err error) {
			removed, err = rows(ctx, tx, Batch)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		if removed < Batch {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(Pause):
		}
	}
}
