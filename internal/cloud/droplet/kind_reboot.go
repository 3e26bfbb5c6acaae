package droplet

import (
	"context"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// rebootKind asks the guest to power off, waits for shutdownGrace at the most, and
// starts the machine again.
func (s *Service) rebootKind() kind {
	return kind{
		Type:       "reboot",
		Draft:      &draftForm{Key: "reboot", Word: "soft", Default: true},
		NeedsPower: true,
		Admit: func(_ context.Context, _ *store.Tx, r ActionRequest) (any, error) {
			if !r.Runs {
				return nil, apierr.Refused("Droplet is currently powered off. Please power it on to run this event.")
			}
			return nil, nil
		},
		Definition: saga.Definition{Steps: []saga.Step{
			step("shutdown", s.tryShutdown, nil),
			volatileStep("start", s.resetOrStart, nil),
		}},
	}
}

// tryShutdown asks the guest to power off and waits. It does not wait for a machine that
// can't be asked.
func (s *Service) tryShutdown(ctx context.Context, r *saga.Run, id int64) error {
	err := s.requestShutdown(ctx, r, id)
	if err == nil {
		return s.awaitShutdown(ctx, r, id)
	}
	if errors.Is(err, fault.ErrCrash) || ctx.Err() != nil {
		return err
	}
	s.Log.Warn("a droplet can't be asked to power off and will be reset", "droplet", id, "error", err)
	return nil
}
