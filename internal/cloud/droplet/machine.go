package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// observe looks at the machine when the last step or undo of its action is done.
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

// observed returns the droplet's id, and its status by what observe has seen.
func observed(r *saga.Run) (id int64, status string, err error) {
	if id, err = subject(r); err != nil {
		return 0, "", err
	}
	var state compute.State
	_, err = r.Output(saga.Observed, &state)
	return id, statusOf(state), err
}

// followMachine writes how the action has left the droplet, and that the droplet
// is wanted on or off from now on.
func (s *Service) followMachine(ctx context.Context, tx *store.Tx, r *saga.Run) error {
	id, status, err := observed(r)
	if err != nil {
		return err
	}
	if err := setStatus(ctx, tx, id, status); err != nil {
		return err
	}
	return setWanted(ctx, tx, id, status == statusActive, s.life)
}

// keepStatus writes how the droplet is after what has failed, or has changed
// nothing of its machine. Whether it is wanted on stays as it was.
func (s *Service) keepStatus(ctx context.Context, tx *store.Tx, r *saga.Run) error {
	id, status, err := observed(r)
	if err != nil {
		return err
	}
	return setStatus(ctx, tx, id, status)
}
