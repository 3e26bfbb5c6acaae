package droplet

import (
	"context"
	"net/netip"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Pointers is told of each address that a droplet gets or loses, and of each
// name that it gets, in the transaction that changes it.
type Pointers interface {
	PointerChanged(ctx context.Context, tx *store.Tx, p domain.Pointer) error
	PointerRemoved(ctx context.Context, tx *store.Tx, address netip.Addr) error
}

// point tells of the droplet's name at its address, if it has one.
func (s *Service) point(ctx context.Context, tx *store.Tx, d Droplet) error {
	if s.Pointers == nil || d.Address == nil {
		return nil
	}
	return s.Pointers.PointerChanged(ctx, tx, domain.Pointer{
		Address: d.Address.Address, AccountID: d.AccountID, DropletID: d.ID, Name: d.Name,
	})
}
