package droplet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Definitions returns the types of action that droplets have.
func (s *Service) Definitions() []action.Definition {
	definitions := []action.Definition{
		{
			Type: "create",
			Steps: []action.Step{
				{Name: "image", Do: s.fetchImage},
				{Name: "address", Do: s.assignAddress, Undo: s.releaseAddress},
				{Name: "disk", Do: s.makeMachine, Undo: s.destroyMachine},
				{Name: "boot", Do: s.start, Undo: s.stop},
			},
			Observe:  s.observe,
			Complete: s.completed,
			Abort:    s.notMade,
		},
		{
			Type: "destroy",
			Steps: []action.Step{
				{Name: "machine", Do: s.destroyMachine},
				{Name: "address", Do: s.releaseAddress},
			},
			Insist:   true,
			Complete: s.removed,
		},
		{Type: "power_on", Steps: []action.Step{{Name: "start", Do: s.start}}},
		{Type: "power_off", Steps: []action.Step{{Name: "stop", Do: s.stop}}},
		{Type: "power_cycle", Steps: []action.Step{{Name: "reset", Do: s.resetOrStart}}},
		{Type: "shutdown", Steps: []action.Step{
			{Name: "request", Do: s.requestShutdown},
			{Name: "wait", Do: s.awaitShutdown},
		}},
		{Type: "reboot", Steps: []action.Step{
			{Name: "shutdown", Do: s.tryShutdown},
			{Name: "start", Do: s.resetOrStart},
		}},
		// The name is new when the action is opened.
		{Type: "rename", Observe: s.observe, Complete: s.seen, Abort: s.seen},
	}
	for i := range definitions {
		d := &definitions[i]
		d.ResourceType = resourceType
		if d.Complete == nil {
			d.Observe, d.Complete, d.Abort = s.observe, s.completed, s.seen
		}
	}
	return definitions
}

func (s *Service) fetchImage(ctx context.Context, r *action.Run) error {
	_, err := s.disk(ctx, r)
	return err
}

// disk returns the file of the image that the droplet is made from.
func (s *Service) disk(ctx context.Context, r *action.Run) (compute.Image, error) {
	d, err := machine(ctx, s.DB, r.Action.ResourceID)
	if err != nil {
		return "", err
	}
	if d.Image.Slug == nil {
		return "", fmt.Errorf("image %d has no file", d.Image.ID)
	}
	return s.Images.Ensure(ctx, *d.Image.Slug, func(text string) { r.Progress(ctx, text) })
}

func (s *Service) assignAddress(ctx context.Context, r *action.Run) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		a, err := s.Pool.Assign(ctx, tx, r.Action.ResourceID)
		if err != nil {
			return err
		}
		tx.OnCommit(func() {
			s.Log.Info("a droplet has an address", "droplet", r.Action.ResourceID, "address", a.Address, "forwards", a.Forwards)
		})
		d, err := machine(ctx, tx, r.Action.ResourceID)
		if err != nil {
			return err
		}
		return s.notifyNamed(ctx, tx, d)
	})
}

func (s *Service) releaseAddress(ctx context.Context, r *action.Run) error {
	id := r.Action.ResourceID
	return s.DB.Write(ctx, func(tx *store.Tx) error {
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

func (s *Service) makeMachine(ctx context.Context, r *action.Run) error {
	disk, err := s.disk(ctx, r)
	if err != nil {
		return err
	}
	d, err := machine(ctx, s.DB, r.Action.ResourceID)
	if err != nil {
		return err
	}
	return s.Engine.Create(ctx, s.spec(d, disk))
}

func (s *Service) destroyMachine(ctx context.Context, r *action.Run) error {
	return s.Engine.Destroy(ctx, r.Action.ResourceID)
}

func (s *Service) start(ctx context.Context, r *action.Run) error {
	leave, err := s.starts.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	state, err := s.Engine.State(ctx, r.Action.ResourceID)
	if err == nil && state != compute.Running { // else it goes on with what it has
		err = s.renewForwards(ctx, r.Action.ResourceID)
	}
	if err != nil {
		return err
	}
	return s.Engine.Start(ctx, r.Action.ResourceID)
}

func (s *Service) stop(ctx context.Context, r *action.Run) error {
	return s.Engine.Stop(ctx, r.Action.ResourceID)
}

func (s *Service) resetOrStart(ctx context.Context, r *action.Run) error {
	if err := s.renewForwards(ctx, r.Action.ResourceID); err != nil {
		return err
	}
	err := s.Engine.Reset(ctx, r.Action.ResourceID)
	if errors.Is(err, compute.ErrNotRunning) {
		return s.start(ctx, r)
	}
	return err
}

// shutdownGrace is how long a guest has to obey. A shutdown action only
// promises the request, so it ends well either way.
const shutdownGrace = 20 * time.Second

func (s *Service) requestShutdown(ctx context.Context, r *action.Run) error {
	err := s.Engine.Shutdown(ctx, r.Action.ResourceID)
	if errors.Is(err, compute.ErrNotRunning) {
		return nil
	}
	return err
}

// tryShutdown gives the guest the time to power off. A machine that can't be
// asked is not waited for.
func (s *Service) tryShutdown(ctx context.Context, r *action.Run) error {
	err := s.requestShutdown(ctx, r)
	if err == nil {
		return s.awaitShutdown(ctx, r)
	}
	if errors.Is(err, fault.ErrCrash) || ctx.Err() != nil {
		return err
	}
	s.Log.Warn("a droplet can't be asked to power off and will be reset", "droplet", r.Action.ResourceID, "error", err)
	return nil
}

func (s *Service) awaitShutdown(ctx context.Context, r *action.Run) error {
	waiting, cancel := context.WithTimeout(ctx, shutdownGrace)
	defer cancel()
	err := s.Engine.Wait(waiting, r.Action.ResourceID)
	if waiting.Err() != nil && ctx.Err() == nil {
		return nil // the grace is over
	}
	return err
}

// observe looks at the machine before its action ends.
func (s *Service) observe(ctx context.Context, a action.Action) (seen string, err error) {
	state, err := s.Engine.State(ctx, a.ResourceID)
	return string(state), err
}

// completed writes how the action has left the droplet, and that it is wanted
// so.
func (s *Service) completed(ctx context.Context, tx *store.Tx, a action.Action, seen string) error {
	status := statusOf(compute.State(seen))
	if err := setStatus(ctx, tx, a.ResourceID, status); err != nil {
		return err
	}
	return setWanted(ctx, tx, a.ResourceID, status == statusActive, s.life)
}

// seen writes how the droplet is after what failed, or changed nothing of its
// machine: it is wanted as it was.
func (s *Service) seen(ctx context.Context, tx *store.Tx, a action.Action, seen string) error {
	return setStatus(ctx, tx, a.ResourceID, statusOf(compute.State(seen)))
}

// notMade removes a droplet that could not be made: it is none. Its action and
// the log keep the reason.
func (s *Service) notMade(ctx context.Context, tx *store.Tx, a action.Action, seen string) error {
	d, err := machine(ctx, tx, a.ResourceID)
	if err != nil {
		return err
	}
	tx.OnCommit(func() {
		s.Log.Warn("a droplet could not be made", "droplet", d.ID, "name", d.Name, "image", d.Image.Name, "reason", a.Reason)
	})
	return s.removed(ctx, tx, a, seen)
}

func (s *Service) removed(ctx context.Context, tx *store.Tx, a action.Action, _ string) error {
	return remove(ctx, tx, a.ResourceID)
}
