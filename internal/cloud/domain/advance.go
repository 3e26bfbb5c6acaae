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

// How often keys are looked after, and of how many domains at a time.
const (
	advanceInterval = 10 * time.Second
	advanceLimit    = 500
)

// KeepKeys looks after the keys of domains until ctx ends. One process does, the
// one that knows of the secondaries: how long each stage lasts hangs on them.
func (s *Service) KeepKeys(ctx context.Context) {
	periodic.Run(ctx, advanceInterval, s.Log, "look after the keys of domains", s.Advance)
}

// Advance brings signed domains whose time has come one stage further, and
// gives those a new serial whose signatures secondaries have had for long.
func (s *Service) Advance(ctx context.Context) error {
	due, err := zonedb.DueDomains(ctx, s.DB, s.DB.Now(), advanceLimit)
	if err != nil || len(due) == 0 {
		return err
	}
	var errs []error
	for _, d := range due {
		serial, since := s.Feed.Serving(d.Name + ".")
		err := s.DB.Write(ctx, func(tx *store.Tx) error { return s.advance(ctx, tx, d.ID, serial, since) })
		if err != nil {
			errs = append(errs, fmt.Errorf("keys of %s: %w", d.Name, err))
		}
	}
	return errors.Join(errs...)
}

// advance looks after one domain, which is served with that serial. The time of
// a stage runs from when it has been seen served, not from when it was written:
// what nobody could ask for meanwhile helps nobody.
func (s *Service) advance(ctx context.Context, tx *store.Tx, id int64, served uint32, since time.Time) error {
	d, err := zonedb.Get(ctx, tx, id)
	if missing := new(apierr.Error); errors.As(err, &missing) {
		return nil // it is gone meanwhile
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
			k.Due = now.Add(advanceInterval)
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

// catchUpTime is how long this process has to serve before a stage may end by
// time: as long as it did not, secondaries may have served the stage before.
func (s *Service) catchUpTime(k signing) time.Duration {
	if k.Stage == dnssec.Published {
		return s.Propagation + feed.KeyTTL*time.Second
	}
	return s.Propagation
}

// isServed reports whether a zone that is served with that serial is at the
// stage.
func (k *signing) isServed(serial uint32) bool { return serial != 0 && !zone.Later(k.Serial, serial) }

// begin lets the time of the stage run.
func (k *signing) begin(now time.Time) {
	k.Serial, k.Since = 0, now
	if k.Stage == dnssec.Switched {
		k.Switched = now
	}
}
