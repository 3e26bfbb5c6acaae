package domain

import (
	"context"
	"strings"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// maxChange is how many records a change may have to be told to name servers
// record by record; beyond it they read the zone whole.
const maxChange = 1000

// write writes an edit that was applied without faults, and has the name
// servers told after the commit. It returns the domain as it is then. An edit
// that changes nothing leaves the serial alone.
func (s *Service) write(ctx context.Context, tx *store.Tx, e *edit) (Domain, error) {
	if _, err := e.bringBack(ctx); err != nil {
		return e.domain, err
	}
	removed, added := e.difference()
	d := e.domain
	if len(removed)+len(added) == 0 {
		return d, nil
	}
	d.TTL, d.Serial = e.ttl, nextSerial(d.Serial, e.floor, tx.Now())
	if err := e.writeRows(ctx, tx, d); err != nil {
		return d, err
	}
	entry := entry{kind: entryZone, name: d.Name, from: e.domain.Serial, serial: d.Serial, lists: e.isNew}
	if !e.isNew && len(removed)+len(added) <= maxChange {
		change, err := e.domain.change(d, removed, added)
		if err != nil {
			return d, err
		}
		entry.kind, entry.change = entryChange, change
	}
	if err := s.log(ctx, tx, entry); err != nil {
		return d, err
	}
	if delegation, err := e.changesDelegation(ctx, append(removed, added...)); err != nil || !delegation {
		return d, err
	}
	return d, s.delegationChanged(ctx, tx, d.Name)
}

func (e *edit) writeRows(ctx context.Context, tx *store.Tx, d Domain) error {
	if err := update(ctx, tx, d); err != nil {
		return err
	}
	for _, r := range e.removed {
		if err := removeRecord(ctx, tx, r.ID); err != nil {
			return err
		}
	}
	for _, r := range e.changed {
		if _, ok := e.old[r]; !ok {
			continue // removed after it was changed
		}
		if err := updateRecord(ctx, tx, *r); err != nil {
			return err
		}
	}
	for _, r := range e.made {
		r.DomainID = d.ID
		if err := insertRecord(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// change is the difference between two versions of a domain as name servers
// have it.
func (d Domain) change(to Domain, removed, added []Record) (c zone.Change, err error) {
	c = zone.Change{Origin: d.Origin()}
	if c.Removed, err = d.withSOA(removed); err != nil {
		return c, err
	}
	c.Added, err = to.withSOA(added)
	return c, err
}

// withSOA is records as DNS has them, the domain's SOA first.
func (d Domain) withSOA(records []Record) ([]dns.RR, error) {
	all := make([]dns.RR, 1, len(records)+1)
	all[0] = d.soa()
	for _, r := range records {
		if r.Type == typeSOA {
			continue
		}
		rr, err := d.rr(r)
		if err != nil {
			return nil, err
		}
		all = append(all, rr)
	}
	return all, nil
}

// entry is one entry of the log of changes.
type entry struct {
	seq    int64
	kind   string
	name   string // of the domain
	from   uint32 // serial
	serial uint32
	change zone.Change // if that is its kind

	lists   bool   // it changes which domains there are
	catalog uint32 // serial of the catalog after it
}

// The kinds of entries.
const (
	entryChange = "change"
	entryZone   = "zone" // read it whole
	entryRemove = "remove"
)

// log appends to the log of changes, and publishes the entry after the commit.
// From here to the commit no other transaction appends.
func (s *Service) log(ctx context.Context, tx *store.Tx, e entry) (err error) {
	err = tx.QueryRow(ctx, `UPDATE domain_sequence SET seq = seq + 1 RETURNING seq, catalog_serial`).Scan(&e.seq, &e.catalog)
	if err != nil {
		return err
	}
	if e.lists {
		e.catalog = nextSerial(e.catalog, 0, tx.Now())
		if _, err := tx.Exec(ctx, `UPDATE domain_sequence SET catalog_serial = $1`, e.catalog); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO domain_changes (seq, kind, name, from_serial, serial, removed, added, created_at, catalog_serial)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.seq, e.kind, e.name, e.from, e.serial, zoneText(e.change.Removed), zoneText(e.change.Added), store.Micros(tx.Now()), e.catalog)
	tx.OnCommit(func() { s.publish(context.WithoutCancel(ctx), e) })
	return err
}

// zoneText writes records in the form of zone files.
func zoneText(records []dns.RR) string {
	lines := make([]string, len(records))
	for i, rr := range records {
		lines[i] = rr.String()
	}
	return strings.Join(lines, "\n")
}

// readZoneText is the reverse of zoneText.
func readZoneText(text string) (records []dns.RR, err error) {
	parser := dns.NewZoneParser(strings.NewReader(text), ".", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		records = append(records, rr)
	}
	return records, parser.Err()
}
