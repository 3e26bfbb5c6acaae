package feed

import (
	"context"
	"fmt"
	"maps"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
)

// Start loads all domains. From then on each change is published after its commit.
func (f *Feed) Start(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since = f.DB.Now()
	return f.load(ctx)
}

// load publishes all domains as they are stored, and removes the others from the
// publisher. It reads the end of the log first: entries that are committed in the
// meantime will be replayed again, which is harmless.
func (f *Feed) load(ctx context.Context) error {
	seq, catalog, err := logEnd(ctx, f.DB)
	if err != nil {
		return err
	}
	if f.Publisher != nil {
		// Once zones are served secondaries may copy them at any time, so a domain
		// goes before the one that contains and delegates it, as in reload.
		serving := len(f.served) > 0
		if serving {
			if err := f.removeDeleted(ctx); err != nil {
				return fmt.Errorf("load domains: %w", err)
			}
		}
		if err := zonedb.EachServed(ctx, f.DB, serving, func(d zonedb.Served) error { return f.put(ctx, d) }); err != nil {
			return fmt.Errorf("load domains: %w", err)
		}
	}
	if err := f.publishCatalog(catalog); err != nil {
		return err
	}
	f.seq = seq
	return nil
}

// removeDeleted removes the domains from the publisher that the database does not
// have.
func (f *Feed) removeDeleted(ctx context.Context) error {
	names, err := zonedb.Names(ctx, f.DB)
	if err != nil {
		return err
	}
	deleted := maps.Clone(f.served)
	for _, name := range names {
		delete(deleted, name+".")
	}
	for origin := range deleted {
		f.remove(origin)
	}
	return nil
}
