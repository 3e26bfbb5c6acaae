package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// observe outputs the state of the machine, after the last step or undo of an action.
func (s *Service) observe(ctx context.Context, r *saga.Run) error {
	id, err := subject(r)
	if err != nil {
		return err
	}
	state, err := s.Engine.State(ctx, id)
	if err != nil {
		return err
	}
	return r.SetOutput(state)
}

// observed returns the droplet's id, and its status according to the output of
// observe.
func observed(r *saga.Run) (id int64, status string, err error) {
	if id, err = subject(r); err != nil {
		return 0, "", err
	}
	var state compute.State
	_, err = r.Output(saga.Observed, &state)
	return id, statusOf(state), err
}

// recordPower writes the droplet's status after a completed action. The droplet
// should run from now on if its machine runs.
func (s *Service) recordPower(ctx context.Context, tx *store.Tx, r *saga.Run) error {
	id, status, err := observed(r)
	if err != nil {
		return err
	}
	if err := setStatus(ctx, tx, id, status); err != nil {
		return err
	}
	return setWanted(ctx, tx, id, status == statusActive, s.hostLife)
}

// recordStatus writes the droplet's status after an action that failed, or that does
// not change the machine's power. Whether the droplet should run stays as it was.
func (s *Service) recordStatus(ctx context.Context, tx *store.Tx, r *saga.Run) error {
	id, status, err := observed(r)
	if err != nil {
		return err
	}
	return setStatus(ctx, tx, id, status)
}
