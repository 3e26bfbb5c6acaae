// Package periodic repeats background work.
package periodic

import (
	"context"
	"log/slog"
	"time"
)

// Run calls fn at intervals until ctx ends. It logs the first of several failures
// in a row, with what fn does, and the first success after them.
func Run(ctx context.Context, interval time.Duration, log *slog.Logger, what string, fn func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := fn(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil && !failing:
			log.Error(what+"; it will be tried again", "error", err)
		case err == nil && failing:
			log.Info(what + ": it works again")
		}
		failing = err != nil
	}
}
