package domain

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// maxChange is how many records a change may have to be told to name servers
// record by record; beyond it they read the zone whole.
const maxChange = 1000

// write writes an edit that was applied without faults, and has the name
// servers told after the commit. It returns the domain as it is then. An edit
// that changes nothing leaves the serial alone.
func (s *Service) write(ctx context.Context, tx *store.Tx, e *edit) (zonedb.Domain, error) {
	if _, err := e.bringBack(ctx); err != nil {
		return e.domain, err
	}
	removed, added := e.difference()
	d := e.domain
	if len(removed)+len(added) == 0 {
		return d, nil
	}
	d.TTL, d.Serial = e.ttl, zone.NextSerial(d.Serial, e.floor, tx.Now())
	if err := e.writeRows(ctx, tx, d); err != nil {
		return d, err
	}
	entry := feed.Entry{Kind: feed.Replaced, Name: d.Name, From: e.domain.Serial, Serial: d.Serial, NewCatalog: e.isNew}
	if !e.isNew && len(removed)+len(added) <= maxChange {
		change, err := e.domain.Change(d.Zone, removed, added)
		if err != nil {
			return d, err
		}
		entry.Kind, entry.Change = feed.Changed, change
	}
	if err := s.Feed.Append(ctx, tx, entry); err != nil {
		return d, err
	}
	if delegation, err := e.changesDelegation(ctx, append(removed, added...)); err != nil || !delegation {
		return d, err
	}
	return d, s.delegationChanged(ctx, tx, d.Name)
}

func (e *edit) writeRows(ctx context.Context, tx *store.Tx, d zonedb.Domain) error {
	if err := zonedb.Update(ctx, tx, d); err != nil {
		return err
	}
	for _, r := range e.removed {
		if err := zonedb.DeleteRecord(ctx, tx, r.ID); err != nil {
			return err
		}
	}
	for _, r := range e.changed {
		if _, ok := e.old[r]; !ok {
			continue // removed after it was changed
		}
		if err := zonedb.UpdateRecord(ctx, tx, *r); err != nil {
			return err
		}
	}
	for _, r := range e.made {
		r.DomainID = d.ID
		if err := zonedb.InsertRecord(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}
