package droplet

import (
	"context"
	"net/netip"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// AddressListener is notified when the addresses of droplets change. Its methods
// run in the transaction that makes the change; an error rolls that back.
type AddressListener interface {
	// AddressNamed is called when a droplet is assigned an address, and again
	// when a droplet that has an address is renamed.
	AddressNamed(ctx context.Context, tx *store.Tx, a NamedAddress) error
	// AddressReleased is called when a droplet gives up its address.
	AddressReleased(ctx context.Context, tx *store.Tx, address netip.Addr) error
}

// NamedAddress is an address and the droplet to which it is assigned.
type NamedAddress struct {
	Address   netip.Addr
	AccountID int64 // of the droplet
	DropletID int64
	Name      string // of the droplet
}

// notifyNamed notifies the listeners of the droplet's address and name, if the
// droplet has an address.
func (s *Service) notifyNamed(ctx context.Context, tx *store.Tx, d Droplet) error {
	if d.Address == nil {
		return nil
	}
	a := NamedAddress{Address: d.Address.Address, AccountID: d.AccountID, DropletID: d.ID, Name: d.Name}
	for _, listener := range s.AddressListeners {
		if err := listener.AddressNamed(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) notifyReleased(ctx context.Context, tx *store.Tx, address netip.Addr) error {
	for _, listener := range s.AddressListeners {
		if err := listener.AddressReleased(ctx, tx, address); err != nil {
			return err
		}
	}
	return nil
}
