package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// powerOnKind starts the machine. A running machine is admitted too, because Ansible
// sends power_on after every create.
func (s *Service) powerOnKind() kind {
	return kind{
		Type:       "power_on",
		Draft:      &draftForm{Key: "boot"},
		Admit:      admitAll,
		Definition: saga.Definition{Steps: []saga.Step{volatileStep("start", s.start, nil)}},
	}
}

// start starts the machine, with the forwards that the cloud has now, unless it runs.
func (s *Service) start(ctx context.Context, r *saga.Run, id int64) error {
	release, err := s.starts.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	state, err := s.Engine.State(ctx, id)
	if err == nil && state != compute.Running { // a running machine keeps its forwards
		err = s.renewForwards(ctx, r, id)
	}
	if err != nil {
		return err
	}
	return s.Engine.Start(ctx, id)
}
