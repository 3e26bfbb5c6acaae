package domain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// How often keys are looked after, and of how many domains at a time.
const (
	advanceInterval = 10 * time.Second
	advanceLimit    = 500
)

// KeepKeys looks after the keys of domains until ctx ends. One process does, the
// one that knows of the secondaries: how long each stage lasts hangs on them.
func (s *Service) KeepKeys(ctx context.Context) {
	s.repeat(ctx, advanceInterval, "look after the keys of domains", s.Advance)
}

// Advance brings signed domains whose time has come one stage further, and
// gives those a new serial whose signatures secondaries have had for long.
func (s *Service) Advance(ctx context.Context) error {
	due, err := dueDomains(ctx, s.DB, s.DB.Now(), advanceLimit)
	if err != nil || len(due) == 0 {
		return err
	}
	var errs []error
	for _, d := range due {
		serial, since := s.feed.serial(d.name + ".")
		err := s.DB.Write(ctx, func(tx *store.Tx) error { return s.advance(ctx, tx, d.id, serial, since) })
		if err != nil {
			errs = append(errs, fmt.Errorf("keys of %s: %w", d.name, err))
		}
	}
	return errors.Join(errs...)
}

// serial returns the serial that a zone is served with, 0 if it is not, and
// since when zones are served.
func (f *feed) serial(origin string) (serial uint32, since time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served[origin], f.since
}

// advance looks after one domain, which is served with that serial. The time of
// a stage runs from when it has been seen served, not from when it was written:
// what nobody could ask for meanwhile helps nobody.
func (s *Service) advance(ctx context.Context, tx *store.Tx, id int64, served uint32, since time.Time) error {
	d, err := get(ctx, tx, id)
	if missing := new(apierr.Error); errors.As(err, &missing) {
		return nil // it is gone meanwhile
	}
	if err != nil {
		return err
	}
	k, err := getSigning(ctx, tx, id)
	now := tx.Now()
	if err != nil || k.Stage == dnssec.Unsigned || now.Before(k.due) {
		return err
	}
	if k.serial != 0 {
		if k.isServed(served) {
			k.begin(now)
			k.next(now, s.Propagation)
		} else {
			k.due = now.Add(advanceInterval)
		}
		return saveSigning(ctx, tx, id, k)
	}
	if ready := since.Add(s.catchUpTime(k)); now.Before(ready) {
		k.due = ready
		return saveSigning(ctx, tx, id, k)
	}
	if next := k.next(now, s.Propagation); next.Stage != k.Stage {
		_, err := s.setKeys(ctx, tx, d, k, next)
		return err
	}
	if err := saveSigning(ctx, tx, id, k); err != nil {
		return err
	}
	return s.renew(ctx, tx, d)
}

// catchUpTime is how long this process has to serve before a stage may end by
// time: as long as it did not, secondaries may have served the stage before.
func (s *Service) catchUpTime(k signing) time.Duration {
	if k.Stage == dnssec.Published {
		return s.Propagation + keyTTL*time.Second
	}
	return s.Propagation
}

// isServed reports whether a zone that is served with that serial is at the
// stage.
func (k *signing) isServed(serial uint32) bool { return serial != 0 && !later(k.serial, serial) }

// begin lets the time of the stage run.
func (k *signing) begin(now time.Time) {
	k.serial, k.Since = 0, now
	if k.Stage == dnssec.Switched {
		k.Switched = now
	}
}
