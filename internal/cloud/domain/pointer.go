package domain

import (
	"context"
	"net/netip"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

var _ droplet.AddressListener = (*Service)(nil)

// AddressNamed implements droplet.AddressListener. It gives the address a PTR
// record if the droplet's account has a domain that contains the droplet's name
// and a domain that is the address's reverse zone. The address is stored, so
// that it also gets its PTR record when these domains are created later. A PTR
// or CNAME record that a client made at that name takes precedence.
func (s *Service) AddressNamed(ctx context.Context, tx *store.Tx, p droplet.NamedAddress) error {
	p.Address = p.Address.Unmap()
	_, err := tx.Exec(ctx, `INSERT INTO domain_pointers (address, account_id, droplet_id, name) VALUES ($1, $2, $3, $4)
		ON CONFLICT (address) DO UPDATE SET account_id = excluded.account_id, droplet_id = excluded.droplet_id, name = excluded.name`,
		p.Address.String(), p.AccountID, p.DropletID, p.Name)
	if err != nil {
		return err
	}
	return s.updatePTRs(ctx, tx, []netip.Addr{p.Address})
}

// AddressReleased implements droplet.AddressListener. It removes the address's
// PTR record.
func (s *Service) AddressReleased(ctx context.Context, tx *store.Tx, address netip.Addr) error {
	address = address.Unmap()
	if _, err := tx.Exec(ctx, `DELETE FROM domain_pointers WHERE address = $1`, address.String()); err != nil {
		return err
	}
	return s.updatePTRs(ctx, tx, []netip.Addr{address})
}

// domainChanged updates the PTR records that depend on a domain that was created or
// deleted: of the addresses in it if it is a reverse zone, and of the droplets whose
// names are in it.
func (s *Service) domainChanged(ctx context.Context, tx *store.Tx, d zonedb.Domain) error {
	var addresses []netip.Addr
	if record.IsReverse(d.Name) {
		pointers, err := readPointers(ctx, tx, `SELECT `+pointerColumns+` FROM domain_pointers`)
		if err != nil {
			return err
		}
		for _, p := range pointers {
			if record.Within(d.Name, record.ReverseName(p.Address)) {
				addresses = append(addresses, p.Address)
			}
		}
	}
	accounts, err := accountsAt(ctx, tx, d)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		pointers, err := readPointers(ctx, tx, `SELECT `+pointerColumns+` FROM domain_pointers WHERE account_id = $1`, account)
		if err != nil {
			return err
		}
		for _, p := range pointers {
			if record.Within(d.Name, record.NormalName(p.Name)) {
				addresses = append(addresses, p.Address)
			}
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	return s.updatePTRs(ctx, tx, addresses)
}

// accountsAt returns the accounts whose droplets may have names in a domain: its own
// account, and that of the domain above, to which the names belong after the domain
// is deleted.
func accountsAt(ctx context.Context, q store.Querier, d zonedb.Domain) ([]int64, error) {
	above, ok, err := above(ctx, q, d.Name)
	if ok && above.AccountID != d.AccountID {
		return []int64{d.AccountID, above.AccountID}, nil
	}
	return []int64{d.AccountID}, err
}

const pointerColumns = `address, account_id, droplet_id, name`

func readPointers(ctx context.Context, q store.Querier, query string, args ...any) ([]droplet.NamedAddress, error) {
	rows, err := q.Query(ctx, query, args...)
	return store.Collect(rows, err, scanPointer)
}

func scanPointer(row store.Scanner) (p droplet.NamedAddress, err error) {
	var address string
	if err = row.Scan(&address, &p.AccountID, &p.DropletID, &p.Name); err != nil {
		return p, err
	}
	p.Address, err = netip.ParseAddr(address)
	return p, err
}
