package domain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/periodic"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// The time between two calls of UpdateDueKeys, and the most domains that one call
// updates.
const (
	keysInterval = 10 * time.Second
	keysLimit    = 500
)

// MaintainKeys calls UpdateDueKeys at intervals until ctx ends. Only one process may
// run it: the one that knows the secondaries, which determine how long each stage
// lasts.
func (s *Service) MaintainKeys(ctx context.Context) {
	periodic.Run(ctx, keysInterval, s.Log, "update the keys of domains", s.UpdateDueKeys)
}

// UpdateDueKeys moves signed domains whose stage has lasted long enough to the next
// stage. It gives a new serial to those whose signatures secondaries should copy
// again.
func (s *Service) UpdateDueKeys(ctx context.Context) error {
	due, err := zonedb.DueDomains(ctx, s.DB, s.DB.Now(), keysLimit)
	if err != nil || len(due) == 0 {
		return err
	}
	var errs []error
	for _, d := range due {
		serial, since := s.Feed.Serving(d.Name + ".")
		err := s.DB.Write(ctx, func(tx *store.Tx) error { return s.updateKeys(ctx, tx, d.ID, serial, since) })
		if err != nil {
			errs = append(errs, fmt.Errorf("keys of %s: %w", d.Name, err))
		}
	}
	return errors.Join(errs...)
}

// updateKeys updates the keys of one domain, which is served with that serial. The
// time of a stage runs from when the stage was seen to be served, not from when it
// was written: until then no resolver could learn of it.
func (s *Service) updateKeys(ctx context.Context, tx *store.Tx, id int64, served uint32, since time.Time) error {
	d, err := zonedb.Get(ctx, tx, id)
	if apierr.IsNotFound(err) {
		return nil // it has been deleted in the meantime
	}
	if err != nil {
		return err
	}
	k, err := getSigning(ctx, tx, d)
	now := tx.Now()
	if err != nil || k.Stage == dnssec.Unsigned || now.Before(k.Due) {
		return err
	}
	if k.Serial != 0 {
		if k.isServed(served) {
			k.begin(now)
			k.next(now, s.Propagation)
		} else {
			k.Due = now.Add(keysInterval)
		}
		return zonedb.SaveSigning(ctx, tx, id, k.Signing)
	}
	if ready := since.Add(s.catchUpTime(k)); now.Before(ready) {
		k.Due = ready
		return zonedb.SaveSigning(ctx, tx, id, k.Signing)
	}
	if next := k.next(now, s.Propagation); next.Stage != k.Stage {
		_, err := s.setKeys(ctx, tx, d, k, next)
		return err
	}
	if err := zonedb.SaveSigning(ctx, tx, id, k.Signing); err != nil {
		return err
	}
	return s.renew(ctx, tx, d)
}

// catchUpTime is how long this process has to serve domains before it may end a
// stage: while it did not run, secondaries may have served the stage before.
func (s *Service) catchUpTime(k signing) time.Duration {
	if k.Stage == dnssec.Published {
		return s.Propagation + feed.KeyTTL*time.Second
	}
	return s.Propagation
}

// isServed reports whether a zone with that serial has the stage.
func (k *signing) isServed(serial uint32) bool { return serial != 0 && !zone.Later(k.Serial, serial) }

// begin starts the time of the stage.
func (k *signing) begin(now time.Time) {
	k.Serial, k.Since = 0, now
	if k.Stage == dnssec.Switched {
		k.Switched = now
	}
}
