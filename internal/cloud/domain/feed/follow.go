package feed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/periodic"
)

const (
	followInterval = 250 * time.Millisecond
	pruneInterval  = time.Minute
)

// Follow replays the changes that other processes make, and prunes the log, until
// ctx ends.
func (f *Feed) Follow(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { periodic.Run(ctx, followInterval, f.Log, "follow the changes of domains", f.CatchUp) })
	both.Go(func() { periodic.Run(ctx, pruneInterval, f.Log, "prune the changes of domains", f.Prune) })
	both.Wait()
}

// CatchUp publishes all changes that are committed so far.
func (f *Feed) CatchUp(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	end, _, err := logEnd(ctx, f.DB)
	if err != nil || end == f.seq {
		return err
	}
	if end < f.seq {
		// The database was restored to an older state: the stored serials may be
		// lower than those that are served.
		return f.load(ctx)
	}
	if err := f.replayAll(ctx); err != nil || f.seq >= end {
		return err
	}
	return f.load(ctx) // all entries have been pruned
}

// publish replays the log up to an entry that has just been committed. Entries
// before it may be of transactions that have not published them yet. They are then
// read from the database, and publish will skip them.
func (f *Feed) publish(ctx context.Context, e Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	switch {
	case e.seq <= f.seq:
	case e.seq == f.seq+1:
		if err = f.replay(ctx, e); err == nil && f.ahead {
			err = f.replayAll(ctx)
		}
	default:
		err = f.replayAll(ctx)
	}
	if err != nil {
		// The next commit or CatchUp tries again.
		f.Log.Error("publish a domain", "domain", e.Name, "error", err)
	}
}

// maxEntries is how many entries of the log are read at once.
const maxEntries = 500

// replayAll replays the log to its end.
func (f *Feed) replayAll(ctx context.Context) error {
	for {
		f.ahead = false
		entries, err := entriesAfter(ctx, f.DB, f.seq, maxEntries)
		if err != nil {
			return err
		}
		if len(entries) > 0 && entries[0].seq != f.seq+1 {
			return f.load(ctx) // entries between have been pruned
		}
		for _, e := range entries {
			if err := f.replay(ctx, e); err != nil {
				return fmt.Errorf("follow the change of %s: %w", e.Name, err)
			}
		}
		if len(entries) < maxEntries && !f.ahead {
			return nil
		}
	}
}
