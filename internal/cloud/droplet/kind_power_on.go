package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// powerOnKind starts the machine. One that runs is admitted too: Ansible asks for it
// after every create.
func (s *Service) powerOnKind() kind {
	return kind{
		Type:       "power_on",
		Draft:      &draftForm{Key: "boot"},
		Admit:      always,
		Definition: saga.Definition{Steps: []saga.Step{volatileStep("start", s.start, nil)}},
	}
}

// start starts the machine unless it runs.
func (s *Service) start(ctx context.Context, _ *saga.Run, id int64) error {
	leave, err := s.starts.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	state, err := s.Engine.State(ctx, id)
	if err == nil && state != compute.Running { // else it goes on with the ports that it has
		err = s.renewForwards(ctx, id)
	}
	if err != nil {
		return err
	}
	return s.Engine.Start(ctx, id)
}
