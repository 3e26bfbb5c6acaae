package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// destroyKind removes the machine and the address of a deleted droplet, and then its
// row. Service.Delete opens it.
func (s *Service) destroyKind() kind {
	return kind{
		Type: "destroy",
		Definition: saga.Definition{
			Steps: []saga.Step{
				step("machine", s.destroyMachine, nil),
				step("address", s.releaseAddress, nil),
			},
			Retry: true,
			Complete: func(ctx context.Context, tx *store.Tx, r *saga.Run) error {
				id, err := subject(r)
				if err != nil {
					return err
				}
				return remove(ctx, tx, id)
			},
		},
	}
}

func (s *Service) destroyMachine(ctx context.Context, _ *saga.Run, id int64) error {
	return s.Engine.Destroy(ctx, id)
}

func (s *Service) releaseAddress(ctx context.Context, r *saga.Run, id int64) error {
	return r.Write(ctx, func(tx *store.Tx) error {
		a, had, err := address.Of(ctx, tx, id)
		if err != nil || !had {
			return err
		}
		if err := address.Release(ctx, tx, id); err != nil {
			return err
		}
		return s.notifyReleased(ctx, tx, a.Address)
	})
}
