package domain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Publisher answers queries by the zones that it is given. When a method has
// returned, queries are answered by what it was given.
type Publisher interface {
	// Put makes a zone what is given, or refuses it; then nothing changes.
	Put(zone.Zone) error
	// Apply changes a zone, or refuses to; then nothing changes.
	Apply(zone.Change) error
	// Remove removes a zone and tells whether it was there.
	Remove(origin string) bool
	// Catalog has the zones that were put and not removed, refused or not, be
	// the version of the catalog with that serial.
	Catalog(serial uint32) error
}

// feed is how far the publisher has followed the log of changes. Commits by
// this node and by others go through it one after another, in the order of the
// log.
type feed struct {
	mu      sync.Mutex
	since   time.Time         // when this process began to serve
	seq     int64             // of the last entry that was followed
	served  map[string]uint32 // serials of the publisher's zones, by origin
	signers map[string]signer // of those that are signed
	catalog uint32            // its serial
	ahead   bool              // a domain was read that a later entry is about
}

func (f *feed) serves(origin string, serial uint32) {
	if f.served == nil {
		f.served = map[string]uint32{}
	}
	f.served[origin] = serial
}

// publish follows the log up to an entry that has just been committed. Entries
// before it may be others' whose turn has not come yet: they are read from the
// database then, and their own turn finds nothing left to do.
func (s *Service) publish(ctx context.Context, e entry) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	var err error
	switch {
	case e.seq <= s.feed.seq:
	case e.seq == s.feed.seq+1:
		if err = s.follow(ctx, e); err == nil && s.feed.ahead {
			err = s.catchUp(ctx)
		}
	default:
		err = s.catchUp(ctx)
	}
	if err != nil {
		// The next commit or look at the log tries again.
		s.Log.Error("publish a domain", "domain", e.name, "error", err)
	}
}

// follow brings the publisher from the entry before to this one. The serial
// says whether the publisher has it already: serials of a name only grow.
func (s *Service) follow(ctx context.Context, e entry) error {
	origin := e.name + "."
	serial, served := s.feed.served[origin]
	var err error
	switch {
	case s.Publisher == nil, served && !later(e.serial, serial):
	case e.kind == entryChange && served && e.from == serial && s.apply(e):
	default:
		err = s.reload(ctx, e)
	}
	if err == nil {
		err = s.publishCatalog(e.catalog)
	}
	if err == nil {
		s.feed.seq = e.seq
	}
	return err
}

// publishCatalog has the domains that are served be a version of the catalog.
func (s *Service) publishCatalog(serial uint32) error {
	if s.Publisher == nil || serial == s.feed.catalog {
		return nil
	}
	if err := s.Publisher.Catalog(serial); err != nil {
		return err
	}
	s.feed.catalog = serial
	return nil
}

// apply reports whether the publisher takes a change as one.
func (s *Service) apply(e entry) bool {
	if err := s.Publisher.Apply(e.change); err != nil {
		s.Log.Warn("the name server refuses a change; it gets the whole domain", "domain", e.name, "serial", e.serial, "error", err)
		return false
	}
	s.feed.serves(e.change.Origin, e.serial)
	return true
}

// reload has a domain served as the database has it now. If that is what a later
// entry is about, one that is served waits for that: between them domains below
// may have changed, which have to be served before copies have its serial.
func (s *Service) reload(ctx context.Context, e entry) error {
	d, records, err := s.current(ctx, e.name)
	if err != nil {
		return err
	}
	if d.ID == 0 {
		s.unserve(e.name + ".")
		return nil
	}
	if _, served := s.feed.served[d.Origin()]; served && later(d.Serial, e.serial) {
		s.feed.ahead = true
		return nil
	}
	return s.put(ctx, d, records)
}

func (s *Service) unserve(origin string) {
	s.Publisher.Remove(origin)
	delete(s.feed.served, origin)
	delete(s.feed.signers, origin)
}

// current reads a domain and its records as they are at one time; no domain
// has the id 0.
func (s *Service) current(ctx context.Context, name string) (d Domain, records []Record, err error) {
	err = s.each(ctx, `WHERE d.name = $1 ORDER BY r.id`, []any{name}, func(found Domain, all []Record) error {
		d, records = found, all
		return nil
	})
	return d, records, err
}

// put has a domain served. If the publisher refuses it, what it has of it
// stays, and the domain tells what was refused and why.
func (s *Service) put(ctx context.Context, d Domain, records []Record) error {
	z := zone.Zone{Origin: d.Origin()}
	all, err := d.withSOA(records)
	if err == nil {
		z.Records = all
		err = s.sign(&z, d)
	}
	if err == nil {
		err = s.Publisher.Put(z)
	}
	if err != nil {
		s.Log.Error("the name server refuses a domain", "domain", d.Name, "serial", d.Serial, "error", err)
		return s.noteBad(ctx, d.Name, d.ZoneFile(records), err.Error())
	}
	s.feed.serves(d.Origin(), d.Serial)
	if d.BadZoneError != "" {
		return s.noteBad(ctx, d.Name, "", "")
	}
	return nil
}

func (s *Service) noteBad(ctx context.Context, name, file, reason string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error { return setBad(ctx, tx, name, file, reason) })
}

// maxEntries is how many entries of the log are read at once.
const maxEntries = 500

// catchUp follows the log to its end.
func (s *Service) catchUp(ctx context.Context) error {
	for {
		s.feed.ahead = false
		rows, err := s.DB.Query(ctx, `SELECT seq, kind, name, from_serial, serial, removed, added, catalog_serial FROM domain_changes
			WHERE seq > $1 ORDER BY seq LIMIT $2`, s.feed.seq, maxEntries)
		entries, err := store.Collect(rows, err, scanEntry)
		if err != nil {
			return err
		}
		if len(entries) > 0 && entries[0].seq != s.feed.seq+1 {
			return s.load(ctx) // entries between have been pruned
		}
		for _, e := range entries {
			if err := s.follow(ctx, e); err != nil {
				return fmt.Errorf("follow the change of %s: %w", e.name, err)
			}
		}
		if len(entries) < maxEntries && !s.feed.ahead {
			return nil
		}
	}
}

func scanEntry(row store.Scanner) (e entry, err error) {
	var removed, added string
	if err = row.Scan(&e.seq, &e.kind, &e.name, &e.from, &e.serial, &removed, &added, &e.catalog); err != nil || e.kind != entryChange {
		return e, err
	}
	e.change.Origin = e.name + "."
	var errs [2]error
	e.change.Removed, errs[0] = readZoneText(removed)
	e.change.Added, errs[1] = readZoneText(added)
	if err := errors.Join(errs[:]...); err != nil {
		e.kind = entryZone // what can't be read record by record can be read whole
	}
	return e, nil
}
