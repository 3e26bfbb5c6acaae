package droplet

import (
	"context"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// powerCycleKind resets the machine hard, or starts it.
func (s *Service) powerCycleKind() kind {
	return kind{
		Type:       "power_cycle",
		Draft:      &draftForm{Key: "reboot", Word: "hard"},
		Admit:      admitAll,
		Definition: saga.Definition{Steps: []saga.Step{volatileStep("reset", s.resetOrStart, nil)}},
	}
}

func (s *Service) resetOrStart(ctx context.Context, r *saga.Run, id int64) error {
	if err := s.renewForwards(ctx, r, id); err != nil {
		return err
	}
	err := s.Engine.Reset(ctx, id)
	if errors.Is(err, compute.ErrNotRunning) {
		return s.start(ctx, r, id)
	}
	return err
}
