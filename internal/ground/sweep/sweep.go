// Package sweep removes rows that are too old, in small transactions, so that other
// transactions that write do not wait long.
package sweep

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const (
	// Batch is about how many rows one transaction removes.
	Batch = 100
	// Pause is the time between two transactions.
	Pause = 50 * time.Millisecond
	// Interval is the time between two sweeps of all tables.
	Interval = 10 * time.Minute
)

// Rows removes rows that are too old at the time of the transaction. It removes at
// least limit rows if there are that many, and not many more. It returns the number.
type Rows func(ctx context.Context, tx *store.Tx, limit int) (removed int64, err error)

// Run sweeps at once and then at every Interval, until ctx ends. It logs errors and
// continues.
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
