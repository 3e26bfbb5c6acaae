package domain

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Start has all domains served. From then on changes are, as they come.
func (s *Service) Start(ctx context.Context) error {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.feed.since = s.DB.Now()
	return s.load(ctx)
}

// load has all domains served as the database has them, and those that it has
// not no more. The end of the log is read first: what is committed meanwhile is
// followed again later, which does no harm.
func (s *Service) load(ctx context.Context) error {
	seq, catalog, err := logEnd(ctx, s.DB)
	if err != nil {
		return err
	}
	if s.Publisher != nil {
		order := `ORDER BY d.id, r.id`
		if len(s.feed.served) > 0 { // copies can be made: what is below comes and goes first, as in reload
			order = `ORDER BY length(d.name) DESC, d.id, r.id`
			if err := s.unserveGone(ctx); err != nil {
				return fmt.Errorf("load domains: %w", err)
			}
		}
		if err := s.each(ctx, order, nil, func(d Domain, records []Record) error { return s.put(ctx, d, records) }); err != nil {
			return fmt.Errorf("load domains: %w", err)
		}
	}
	if err := s.publishCatalog(catalog); err != nil {
		return err
	}
	s.feed.seq = seq
	return nil
}

// unserveGone has the domains served no more that the database does not have.
func (s *Service) unserveGone(ctx context.Context) error {
	rows, err := s.DB.Query(ctx, `SELECT name FROM domains`)
	names, err := store.Collect(rows, err, func(row store.Scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	})
	if err != nil {
		return err
	}
	gone := maps.Clone(s.feed.served)
	for _, name := range names {
		delete(gone, name+".")
	}
	for origin := range gone {
		s.unserve(origin)
	}
	return nil
}

func logEnd(ctx context.Context, q store.Querier) (seq int64, catalog uint32, err error) {
	err = q.QueryRow(ctx, `SELECT seq, catalog_serial FROM domain_sequence`).Scan(&seq, &catalog)
	return seq, catalog, err
}

// each calls visit with every domain that a clause lets through, in its order,
// and its records, as they were when the reading began. Of a domain it has what
// serving needs. The slice is visit's to keep.
//
// A column costs more than a row's look-up does, and all domains are read at
// the start: so a domain's own columns come as one text with its SOA record,
// and nothing is read that DNS does not have.
func (s *Service) each(ctx context.Context, clause string, args []any, visit func(Domain, []Record) error) error {
	rows, err := s.DB.Query(ctx, `SELECT r.domain_id, r.type, r.name, r.data, r.priority, r.port, r.weight, r.flags, r.tag, r.ttl,
		CASE r.type WHEN 'SOA' THEN d.name || ' ' || d.serial || ' ' || d.primary_server ||
			CASE WHEN d.bad_zone_error IS NULL THEN ' good' ELSE ' bad' END ||
			coalesce((SELECT ' ' || `+keysText+` FROM domain_keys k WHERE k.domain_id = d.id), '') END
		FROM domains d JOIN domain_records r ON r.domain_id = d.id `+clause, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var d Domain
	var records []Record
	for rows.Next() {
		var r Record
		var own sql.NullString
		if err := rows.Scan(&r.DomainID, &r.Type, &r.Name, &r.Data, &r.Priority, &r.Port, &r.Weight, &r.Flags, &r.Tag, &r.TTL, &own); err != nil {
			return err
		}
		if r.DomainID != d.ID && d.ID != 0 {
			if err := visit(d, records); err != nil {
				return err
			}
			records = make([]Record, 0, len(records))
		}
		if own.Valid {
			d = servedDomain(r, own.String)
		}
		records = append(records, r)
	}
	if err := rows.Err(); err != nil || d.ID == 0 {
		return err
	}
	return visit(d, records)
}

// servedDomain makes a domain of its SOA record and the text beside it.
func servedDomain(soa Record, own string) Domain {
	fields := strings.SplitN(own, " ", 5)
	serial, _ := strconv.ParseUint(fields[1], 10, 32)
	d := Domain{ID: soa.DomainID, Name: fields[0], TTL: soa.TTL, Serial: uint32(serial), Primary: fields[2]}
	if fields[3] == "bad" {
		d.BadZoneError = fields[3]
	}
	if len(fields) > 4 {
		d.keys = fields[4]
	}
	return d
}

// How often the log is looked at for other nodes' changes, and how long
// entries are kept for nodes that don't look.
const (
	followInterval = 250 * time.Millisecond
	pruneInterval  = time.Minute
	keepEntries    = time.Hour
)

// Follow has other nodes' changes served until ctx ends.
func (s *Service) Follow(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { s.repeat(ctx, followInterval, "follow the changes of domains", s.CatchUp) })
	both.Go(func() { s.repeat(ctx, pruneInterval, "forget old changes of domains", s.Prune) })
	both.Wait()
}

// repeat does something at intervals until ctx ends, and tells of the first of
// many times that it fails: what is served still is.
func (s *Service) repeat(ctx context.Context, interval time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := do(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil && !failing:
			s.Log.Error(what+"; it will be tried again", "error", err)
		case err == nil && failing:
			s.Log.Info(what + ": it works again")
		}
		failing = err != nil
	}
}

// CatchUp has served what other nodes have changed so far.
func (s *Service) CatchUp(ctx context.Context) error {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	end, _, err := logEnd(ctx, s.DB)
	if err != nil || end == s.feed.seq {
		return err
	}
	if end < s.feed.seq {
		// The database is an older one, restored: its serials may be behind those
		// that are served, and what is served as well.
		return s.load(ctx)
	}
	if err := s.catchUp(ctx); err != nil || s.feed.seq >= end {
		return err
	}
	return s.load(ctx) // all entries have been pruned
}

// Prune forgets what has been in the log for so long that every node has seen
// it.
func (s *Service) Prune(ctx context.Context) error {
	var found bool
	err := s.DB.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM domain_changes WHERE created_at < $1)`,
		store.Micros(s.DB.Now().Add(-keepEntries))).Scan(&found)
	if err != nil || !found { // a write for nothing would cost a part of a full disk's reserve
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM domain_changes WHERE created_at < $1`, store.Micros(tx.Now().Add(-keepEntries)))
		return err
	})
}
