package domain

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/store"
)

// Pointer is an address and the droplet that has it.
type Pointer struct {
	Address   netip.Addr
	AccountID int64 // of the droplet
	DropletID int64
	Name      string // of the droplet
}

// PointerChanged is called when a droplet gets an address or another name. If
// the name lies in a domain of the droplet's account and another domain of it
// is the address's reverse zone, that gets the address's PTR record; also later, when
// the domains come to be. A PTR or CNAME record that somebody made there stays
// instead.
func (s *Service) PointerChanged(ctx context.Context, tx *store.Tx, p Pointer) error {
	p.Address = p.Address.Unmap()
	_, err := tx.Exec(ctx, `INSERT INTO domain_pointers (address, account_id, droplet_id, name) VALUES ($1, $2, $3, $4)
		ON CONFLICT (address) DO UPDATE SET account_id = excluded.account_id, droplet_id = excluded.droplet_id, name = excluded.name`,
		p.Address.String(), p.AccountID, p.DropletID, p.Name)
	if err != nil {
		return err
	}
	return s.point(ctx, tx, []netip.Addr{p.Address})
}

// PointerRemoved is called when no droplet has the address any more.
func (s *Service) PointerRemoved(ctx context.Context, tx *store.Tx, address netip.Addr) error {
	address = address.Unmap()
	if _, err := tx.Exec(ctx, `DELETE FROM domain_pointers WHERE address = $1`, address.String()); err != nil {
		return err
	}
	return s.point(ctx, tx, []netip.Addr{address})
}

// domainChanged brings in line the PTR records that a domain's coming or going
// touches: of addresses in it if it is a reverse zone, else of droplets in it.
func (s *Service) domainChanged(ctx context.Context, tx *store.Tx, d Domain) error {
	var addresses []netip.Addr
	if isReverse(d.Name) {
		pointers, err := readPointers(ctx, tx, `SELECT `+pointerColumns+` FROM domain_pointers`)
		if err != nil {
			return err
		}
		for _, p := range pointers {
			if within(d.Name, reverseName(p.Address)) {
				addresses = append(addresses, p.Address)
			}
		}
	}
	accounts, err := concerned(ctx, tx, d)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		pointers, err := readPointers(ctx, tx, `SELECT `+pointerColumns+` FROM domain_pointers WHERE account_id = $1`, account)
		if err != nil {
			return err
		}
		for _, p := range pointers {
			if within(d.Name, normalName(p.Name)) {
				addresses = append(addresses, p.Address)
			}
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	return s.point(ctx, tx, addresses)
}

// concerned returns the accounts whose droplets may be named in a domain: its
// own, and that of the next domain above, which answers for the names where the
// domain is gone.
func concerned(ctx context.Context, q store.Querier, d Domain) ([]int64, error) {
	above, ok, err := above(ctx, q, d.Name)
	if ok && above.AccountID != d.AccountID {
		return []int64{d.AccountID, above.AccountID}, nil
	}
	return []int64{d.AccountID}, err
}

const pointerColumns = `address, account_id, droplet_id, name`

func readPointers(ctx context.Context, q store.Querier, query string, args ...any) ([]Pointer, error) {
	rows, err := q.Query(ctx, query, args...)
	return store.Collect(rows, err, scanPointer)
}

func scanPointer(row store.Scanner) (p Pointer, err error) {
	var address string
	if err = row.Scan(&address, &p.AccountID, &p.DropletID, &p.Name); err != nil {
		return p, err
	}
	p.Address, err = netip.ParseAddr(address)
	return p, err
}

// point gives each address the PTR record that it should have, and takes away
// what it should not.
func (s *Service) point(ctx context.Context, tx *store.Tx, addresses []netip.Addr) error {
	edits := pointerEdits{tx: tx, byID: map[int64]*edit{}}
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
	tx      *store.Tx
	byID    map[int64]*edit
	inOrder []*edit
}

func (p *pointerEdits) point(ctx context.Context, address netip.Addr) error {
	owner := reverseName(address)
	data, of, err := pointerData(ctx, p.tx, address)
	if err != nil {
		return err
	}
	nearest := true // only the nearest zone above the address answers for it
	for _, name := range ancestors(owner) {
		d, ok, err := hosted(ctx, p.tx, name)
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
func pointerData(ctx context.Context, q store.Querier, address netip.Addr) (data string, p Pointer, err error) {
	p, err = scanPointer(q.QueryRow(ctx, `SELECT `+pointerColumns+` FROM domain_pointers WHERE address = $1`, address.String()))
	if errors.Is(err, sql.ErrNoRows) {
		return "", p, nil
	}
	if err != nil {
		return "", p, err
	}
	name := normalName(p.Name)
	if labelsProblem(strings.Split(name, ".")) != "" || len(name) > maxName {
		return "", p, nil
	}
	for _, ancestor := range ancestors(name) {
		d, ok, err := hosted(ctx, q, ancestor)
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
func (p *pointerEdits) set(ctx context.Context, d Domain, owner, data string, dropletID int64) error {
	e := p.byID[d.ID]
	if e == nil {
		e = newEdit(p.tx, d)
		p.byID[d.ID] = e
		p.inOrder = append(p.inOrder, e)
	}
	name := apex
	if owner != d.Name {
		name = strings.TrimSuffix(owner, "."+d.Name)
	}
	records, err := e.at(ctx, name)
	if err != nil {
		return err
	}
	free := true
	for _, r := range append([]*Record{}, records...) {
		switch {
		case r.Type == typePTR && r.DropletID == dropletID && r.Data == data && data != "":
			free = false
		case r.Type == typePTR && r.DropletID != 0:
			e.remove(r)
		case r.Type == typePTR || r.Type == typeCNAME:
			free = false
		}
	}
	if data == "" || !free {
		return nil
	}
	_, err = e.create(ctx, Record{Type: typePTR, Name: name, Data: data, TTL: d.TTL, DropletID: dropletID})
	return err
}
