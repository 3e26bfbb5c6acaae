package domain

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// maxChange is the greatest number of records in a log entry. For a larger change
// name servers read the whole zone.
const maxChange = 1000

// write writes an edit that was applied without faults and appends it to the feed.
// It returns the changed domain. The serial stays if the edit changes nothing.
func (s *Service) write(ctx context.Context, tx *store.Tx, e *edit) (zonedb.Domain, error) {
	if _, err := e.restorePTRs(ctx); err != nil {
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
