package feed

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Entry is one entry of the log of changes.
type Entry struct {
	Kind   Kind
	Name   string      // of the domain
	From   uint32      // serial before the change
	Serial uint32      // serial after the change
	Change zone.Change // of an entry of kind Changed

	// NewCatalog says that the entry adds or removes a domain, so that the catalog
	// needs a new version.
	NewCatalog bool

	seq     int64
	catalog uint32 // serial of the catalog after the entry
}

// Kind is the kind of an entry.
type Kind string

// The kinds of entries.
const (
	Changed  Kind = "change" // the difference is in the entry
	Replaced Kind = "zone"   // the domain has to be read whole
	Removed  Kind = "remove"
)

// Append appends an entry to the log and publishes it after the commit. From Append
// to the commit no other transaction can append.
func (f *Feed) Append(ctx context.Context, tx *store.Tx, e Entry) (err error) {
	err = tx.QueryRow(ctx, `UPDATE domain_sequence SET seq = seq + 1 RETURNING seq, catalog_serial`).Scan(&e.seq, &e.catalog)
	if err != nil {
		return err
	}
	if e.NewCatalog {
		e.catalog = zone.NextSerial(e.catalog, 0, tx.Now())
		if _, err := tx.Exec(ctx, `UPDATE domain_sequence SET catalog_serial = $1`, e.catalog); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO domain_changes (seq, kind, name, from_serial, serial, removed, added, created_at, catalog_serial)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.seq, e.Kind, e.Name, e.From, e.Serial, text(e.Change.Removed), text(e.Change.Added), store.Micros(tx.Now()), e.catalog)
	tx.OnCommit(func() { f.publish(context.WithoutCancel(ctx), e) })
	return err
}

// logEnd returns the number of the last entry and the serial of the catalog.
func logEnd(ctx context.Context, q store.Querier) (seq int64, catalog uint32, err error) {
	err = q.QueryRow(ctx, `SELECT seq, catalog_serial FROM domain_sequence`).Scan(&seq, &catalog)
	return seq, catalog, err
}

// entriesAfter returns the first entries after one, at most limit.
func entriesAfter(ctx context.Context, q store.Querier, seq int64, limit int) ([]Entry, error) {
	rows, err := q.Query(ctx, `SELECT seq, kind, name, from_serial, serial, removed, added, catalog_serial FROM domain_changes
		WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
	return store.Collect(rows, err, scanEntry)
}

func scanEntry(row store.Scanner) (e Entry, err error) {
	var removed, added string
	if err = row.Scan(&e.seq, &e.Kind, &e.Name, &e.From, &e.Serial, &removed, &added, &e.catalog); err != nil || e.Kind != Changed {
		return e, err
	}
	e.Change.Origin = e.Name + "."
	var errs [2]error
	e.Change.Removed, errs[0] = parseText(removed)
	e.Change.Added, errs[1] = parseText(added)
	if err := errors.Join(errs[:]...); err != nil {
		e.Kind = Replaced // the domain can be read whole instead
	}
	return e, nil
}

// keepEntries is how long entries stay in the log. A process that did not replay
// them in this time loads all domains instead.
const keepEntries = time.Hour

// Prune removes old entries from the log.
func (f *Feed) Prune(ctx context.Context) error {
	var found bool
	err := f.DB.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM domain_changes WHERE created_at < $1)`,
		store.Micros(f.DB.Now().Add(-keepEntries))).Scan(&found)
	if err != nil || !found { // on a full disk even an empty write transaction takes some of the reserve
		return err
	}
	return f.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM domain_changes WHERE created_at < $1`, store.Micros(tx.Now().Add(-keepEntries)))
		return err
	})
}

// text writes records in the form of zone files.
func text(records []dns.RR) string {
	lines := make([]string, len(records))
	for i, rr := range records {
		lines[i] = rr.String()
	}
	return strings.Join(lines, "\n")
}

// parseText is the inverse of text.
func parseText(text string) (records []dns.RR, err error) {
	parser := dns.NewZoneParser(strings.NewReader(text), ".", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		records = append(records, rr)
	}
	return records, parser.Err()
}
