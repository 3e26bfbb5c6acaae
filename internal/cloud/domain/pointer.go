package domain

import (
	"context"
	"net/netip"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
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
// instead, for as long as it is there.
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
