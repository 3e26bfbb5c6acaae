package droplet

import (
	"context"
	"fmt"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Guest is what the metadata service tells a guest about its own droplet.
type Guest struct {
	Droplet  Droplet
	UserData string
	NIC      compute.Interface
	Network  compute.Guest // the network inside the guest
}

// Guest returns the metadata of the droplet with that id, or apierr.NotFound.
func (s *Service) Guest(ctx context.Context, id int64) (Guest, error) {
	d, err := getByID(ctx, s.DB, id)
	if err != nil {
		return Guest{}, err
	}
	text, err := userData(ctx, s.DB, id)
	if err != nil {
		return Guest{}, fmt.Errorf("read user data of droplet %d: %w", id, err)
	}
	nic := d.nic()
	network, err := s.Engine.Guest(id, nic)
	if err != nil {
		return Guest{}, fmt.Errorf("read the guest network of droplet %d: %w", id, err)
	}
	return Guest{Droplet: d, UserData: text, NIC: nic, Network: network}, nil
}
