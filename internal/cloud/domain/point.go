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

// point gives each address the PTR record that it should have, and takes away
// what it should not.
func (s *Service) point(ctx context.Context, tx *store.Tx, addresses []netip.Addr) error {
	edits := pointerEdits{q: tx, byID: map[int64]*edit{}}
	for _, address := range addresses {
		if err := edits.point(ctx, address); err != nil {
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

// pointerEdits are the changes of reverse zones under way: one for each, many
// as their addresses may be.
type pointerEdits struct {
	q       store.Querier
	byID    map[int64]*edit
	inOrder []*edit
}

func (p *pointerEdits) point(ctx context.Context, address netip.Addr) error {
	owner := record.ReverseName(address)
	data, of, err := pointerData(ctx, p.q, address)
	if err != nil {
		return err
	}
	nearest := true // only the nearest zone above the address answers for it
	for _, name := range record.Ancestors(owner) {
		d, ok, err := zonedb.Hosted(ctx, p.q, name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		// What an account calls its droplets is nothing to others.
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

// pointerData is what the PTR record of an address should say, empty if there
// should be none, and the droplet that has the address.
func pointerData(ctx context.Context, q store.Querier, address netip.Addr) (data string, p droplet.NamedAddress, err error) {
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
			// A domain of somebody else, nearer than one's own, decides.
			if d.AccountID != p.AccountID {
				return "", p, nil
			}
			return strings.TrimSuffix(p.Name, "."), p, nil
		}
	}
	return "", p, nil
}

// set makes the cloud's PTR record of a name in a reverse zone say data.
func (p *pointerEdits) set(ctx context.Context, d zonedb.Domain, owner, data string, dropletID int64) error {
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

// bringBack gives addresses their PTR records where the edit has taken away what
// somebody had made at their names. It returns the records.
func (e *edit) bringBack(ctx context.Context) ([]*record.Record, error) {
	if !record.IsReverse(e.domain.Name) || e.isNew {
		return nil, nil
	}
	edits := pointerEdits{q: e.q, byID: map[int64]*edit{e.domain.ID: e}}
	made := len(e.made)
	for _, name := range e.freed() {
		address, ok := record.ReverseAddress(record.Absolute(e.domain.Name, name))
		if !ok {
			continue
		}
		if data, _, err := pointerData(ctx, e.q, address); err != nil || data == "" {
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := edits.point(ctx, address); err != nil {
			return nil, err
		}
	}
	return e.made[made:], e.shareTTLs(ctx)
}

// freed are the names at which the edit has changed or removed what keeps the
// cloud from having a PTR record there.
func (e *edit) freed() []string {
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
