package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// powerOffKind ends the machine hard.
func (s *Service) powerOffKind() kind {
	return kind{
		Type:       "power_off",
		Draft:      &draftForm{Key: "shutdown", Word: "hard"},
		NeedsPower: true,
		Admit: func(_ context.Context, _ *store.Tx, r ActionRequest) (any, error) {
			if !r.Runs {
				return nil, apierr.Refused("Droplet is already powered off") // clients match it
			}
			return nil, nil
		},
		Definition: saga.Definition{Steps: []saga.Step{step("stop", s.stop, nil)}},
	}
}

func (s *Service) stop(ctx context.Context, _ *saga.Run, id int64) error {
	return s.Engine.Stop(ctx, id)
}
