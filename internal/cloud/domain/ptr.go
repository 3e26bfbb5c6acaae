package domain

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// updatePTRs creates, changes or removes the PTR records of addresses.
func (s *Service) updatePTRs(ctx context.Context, tx *store.Tx, addresses []netip.Addr) error {
	edits := ptrEdits{q: tx, byID: map[int64]*edit{}}
	for _, address := range addresses {
		if err := edits.update(ctx, address); err != nil {
			return err
		}
	}
	for _, e := range edits.inOrder {
		if err := e.shareTTLs(ctx); err != nil {
			return err
		}
		if _, err := s.write(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// ptrEdits are edits of reverse zones, one for each zone however many addresses
// change in it.
type ptrEdits struct {
	q       store.Querier
	byID    map[int64]*edit
	inOrder []*edit
}

func (p *ptrEdits) update(ctx context.Context, address netip.Addr) error {
	owner := record.ReverseName(address)
	data, of, err := ptrData(ctx, p.q, address)
	if err != nil {
		return err
	}
	nearest := true // queries for the name are answered by the nearest zone only
	for _, name := range record.Ancestors(owner) {
		d, ok, err := zonedb.Hosted(ctx, p.q, name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		// The names of an account's droplets are not shown in zones of others.
		if !nearest || d.AccountID != of.AccountID {
			data = ""
		}
		if err := p.set(ctx, d, owner, data, of.DropletID); err != nil {
			return err
		}
		nearest = false
	}
	return nil
}

// ptrData returns the data that the PTR record of an address should have, empty if
// there should be none, and the droplet that has the address.
func ptrData(ctx context.Context, q store.Querier, address netip.Addr) (data string, p droplet.NamedAddress, err error) {
	p, err = scanPointer(q.QueryRow(ctx, `SELECT `+pointerColumns+` FROM domain_pointers WHERE address = $1`, address.String()))
	if errors.Is(err, sql.ErrNoRows) {
		return "", p, nil
	}
	if err != nil {
		return "", p, err
	}
	name := record.NormalName(p.Name)
	if !record.ValidHost(name) {
		return "", p, nil
	}
	for _, ancestor := range record.Ancestors(name) {
		d, ok, err := zonedb.Hosted(ctx, q, ancestor)
		if err != nil {
			return "", p, err
		}
		if ok {
			// The nearest domain decides, even if the account has one above it.
			if d.AccountID != p.AccountID {
				return "", p, nil
			}
			return strings.TrimSuffix(p.Name, "."), p, nil
		}
	}
	return "", p, nil
}

// set gives the cloud's PTR record of a name in a reverse zone its data; with empty
// data it removes the record.
func (p *ptrEdits) set(ctx context.Context, d zonedb.Domain, owner, data string, dropletID int64) error {
	e := p.byID[d.ID]
	if e == nil {
		e = newEdit(p.q, d)
		p.byID[d.ID] = e
		p.inOrder = append(p.inOrder, e)
	}
	name := record.Apex
	if owner != d.Name {
		name = strings.TrimSuffix(owner, "."+d.Name)
	}
	records, err := e.at(ctx, name)
	if err != nil {
		return err
	}
	free := true
	for _, r := range append([]*record.Record{}, records...) {
		switch {
		case r.Type == record.TypePTR && r.DropletID == dropletID && r.Data == data && data != "":
			free = false
		case r.Type == record.TypePTR && r.DropletID != 0:
			e.remove(r)
		case r.Type == record.TypePTR || r.Type == record.TypeCNAME:
			free = false
		}
	}
	if data == "" || !free {
		return nil
	}
	_, err = e.create(ctx, record.Record{Type: record.TypePTR, Name: name, Data: data, TTL: e.ttl, DropletID: dropletID})
	return err
}

// restorePTRs creates the cloud's PTR records at names where the edit removes a
// client's record that took precedence. It returns the created records.
func (e *edit) restorePTRs(ctx context.Context) ([]*record.Record, error) {
	if !record.IsReverse(e.domain.Name) || e.isNew {
		return nil, nil
	}
	edits := ptrEdits{q: e.q, byID: map[int64]*edit{e.domain.ID: e}}
	made := len(e.made)
	for _, name := range e.freedNames() {
		address, ok := record.ReverseAddress(record.Absolute(e.domain.Name, name))
		if !ok {
			continue
		}
		if data, _, err := ptrData(ctx, e.q, address); err != nil || data == "" {
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := edits.update(ctx, address); err != nil {
			return nil, err
		}
	}
	return e.made[made:], e.shareTTLs(ctx)
}

// freedNames returns the names at which the edit changes or removes a client's record
// that takes precedence over the cloud's PTR record.
func (e *edit) freedNames() []string {
	names := map[string]bool{}
	note := func(r record.Record) {
		if r.DropletID == 0 && (r.Type == record.TypePTR || r.Type == record.TypeCNAME) {
			names[r.Key()] = true
		}
	}
	for _, r := range e.removed {
		note(r)
	}
	for _, r := range e.old {
		note(r)
	}
	return slices.Sorted(maps.Keys(names))
}
