package droplet

import (
	"context"
	"errors"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// shutdownGrace is how long a guest has to power off. A shutdown action promises only
// the request, so it completes even if the guest does not power off.
const shutdownGrace = 20 * time.Second

// shutdownKind asks the guest to power off.
func (s *Service) shutdownKind() kind {
	return kind{
		Type:  "shutdown",
		Draft: &draftForm{Key: "shutdown", Word: "soft", Default: true},
		Admit: admitAll,
		Definition: saga.Definition{Steps: []saga.Step{
			step("request", s.requestShutdown, nil),
			volatileStep("wait", s.awaitShutdown, nil),
		}},
	}
}

func (s *Service) requestShutdown(ctx context.Context, _ *saga.Run, id int64) error {
	err := s.Engine.Shutdown(ctx, id)
	if errors.Is(err, compute.ErrNotRunning) {
		return nil
	}
	return err
}

func (s *Service) awaitShutdown(ctx context.Context, _ *saga.Run, id int64) error {
	waiting, cancel := context.WithTimeout(ctx, shutdownGrace)
	defer cancel()
	err := s.Engine.Wait(waiting, id)
	if waiting.Err() != nil && ctx.Err() == nil {
		return nil // shutdownGrace is over
	}
	return err
}
