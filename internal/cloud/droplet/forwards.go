package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// renewForwards updates the forwards of a droplet that is about to start: to the ports
// that the cloud forwards now.
func (s *Service) renewForwards(ctx context.Context, r *saga.Run, id int64) error {
	a, changed, err := s.Pool.Renew(ctx, s.DB, id)
	if err != nil {
		return err
	}
	if changed {
		err = r.Write(ctx, func(tx *store.Tx) error { return address.SetForwards(ctx, tx, id, a.Forwards) })
		if err != nil {
			return err
		}
		s.Log.Info("a droplet's ports have changed", "droplet", id, "address", a.Address, "forwards", a.Forwards)
	}
	spec, err := s.Engine.Spec(ctx, id)
	if err != nil {
		return err
	}
	spec.Interfaces[0].Forwards = a.Forwards
	return s.Engine.Change(ctx, spec)
}
