package droplet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// statusOf returns the status of a droplet whose machine is in that state.
func statusOf(state compute.State) string {
	if state == compute.Running {
		return statusActive
	}
	return statusOff
}

// runs reports whether the droplet's machine runs now.
func (s *Service) runs(ctx context.Context, id int64) (bool, error) {
	state, err := s.Engine.State(ctx, id)
	return state == compute.Running, err
}

// observation is what the database and the engine say of a droplet that has no
// unfinished action.
type observation struct {
	id       int64
	account  int64
	region   string // slug
	status   string // in the database
	wanted   bool   // the droplet should run
	hostLife string // the boot of the host in which it was last observed running, or started
	state    compute.State
}

// resumes reports whether the droplet should run, and its machine stopped because
// the host was restarted.
func (d observation) resumes(hostLife string) bool {
	return d.state == compute.Stopped && d.wanted && d.hostLife != "" && d.hostLife != hostLife
}

// differs reports whether the droplet's row has to be changed.
func (d observation) differs(hostLife string) bool {
	return d.status != statusOf(d.state) || d.state == compute.Running && d.hostLife != hostLife || d.resumes(hostLife)
}

// observeIdle observes all droplets that have no unfinished action; an unfinished
// action writes the status when it ends. latest is the id of the latest action. An
// observation may be recorded only if no later action is about the droplet.
func (s *Service) observeIdle(ctx context.Context) (observations []observation, latest int64, err error) {
	found, latest, err := idle(ctx, s.DB)
	if err != nil {
		return nil, 0, err
	}
	machines, err := s.Engine.List(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list machines: %w", err)
	}
	exists := make(map[int64]bool, len(machines))
	for _, id := range machines {
		exists[id] = true
	}
	for _, d := range found {
		d.state = compute.Absent
		if exists[d.id] {
			if d.state, err = s.Engine.State(ctx, d.id); err != nil {
				s.Log.Warn("a machine's state can't be read", "droplet", d.id, "error", err)
				continue
			}
		}
		observations = append(observations, d)
	}
	return observations, latest, ctx.Err()
}

// Reconcile updates the rows of droplets whose machines are in another state: with
// one query, one observation of all machines, and one transaction if anything
// differs. done is false if Reconcile should be called again soon.
func (s *Service) Reconcile(ctx context.Context) (done bool, err error) {
	s.reconciling.Lock()
	defer s.reconciling.Unlock()
	for _, e := range s.events.all() {
		err = errors.Join(err, s.applyEvent(ctx, e)) // the others are applied even if one fails
	}
	err = errors.Join(err, s.reconcile(ctx))
	return err == nil && len(s.events.all()) == 0, err
}

func (s *Service) reconcile(ctx context.Context) error {
	if err := s.reserveMachineIDs(ctx); err != nil {
		return err
	}
	observations, latest, err := s.observeIdle(ctx)
	if err != nil {
		return err
	}
	observations = slices.DeleteFunc(observations, func(d observation) bool { return !d.differs(s.hostLife) })
	if len(observations) == 0 {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		for _, d := range observations {
			if err := s.record(ctx, tx, d, latest); err != nil {
				return fmt.Errorf("record the status of droplet %d: %w", d.id, err)
			}
		}
		return nil
	})
}

// record writes the observation of a droplet, unless an action later than latest is
// about the droplet. It opens a power_on if the droplet resumes.
func (s *Service) record(ctx context.Context, tx *store.Tx, d observation, latest int64) error {
	status := statusOf(d.state)
	written, err := setObservedStatus(ctx, tx, d.id, status, latest)
	if err != nil || !written {
		return err
	}
	if status != d.status {
		s.Log.Info("a droplet's status follows its machine", "droplet", d.id, "was", d.status, "is", status)
	}
	resumes := d.resumes(s.hostLife)
	if d.state == compute.Running || resumes {
		if err := setHostLife(ctx, tx, d.id, s.hostLife); err != nil {
			return err
		}
	}
	if !resumes {
		return nil
	}
	if !s.Resume {
		s.Log.Warn("the host was restarted; a droplet that ran before stays off, as --resume-droplets=false says", "droplet", d.id)
		return nil
	}
	s.Log.Info("the host was restarted; a droplet that ran before is started", "droplet", d.id)
	_, err = s.open(ctx, tx, Droplet{ID: d.id, AccountID: d.account, Region: d.region}, "power_on", nil)
	return err
}

// Notify records that a machine has stopped by itself. The engine calls it.
func (s *Service) Notify(e compute.Event) {
	s.Log.Info("machine stopped by itself", "droplet", e.ID, "reason", e.Reason)
	s.reconciling.Lock()
	defer s.reconciling.Unlock()
	s.events.add(e)
	if err := s.applyEvent(context.Background(), e); err != nil {
		s.Log.Warn("the status of a stopped droplet is not recorded yet", "droplet", e.ID, "error", err)
	}
}

// applyEvent records a queued event and removes it from the queue. The event stays
// in the queue while the droplet has an unfinished action, because that action may
// have observed the machine before the event.
func (s *Service) applyEvent(ctx context.Context, e compute.Event) error {
	latest, err := action.Latest(ctx, s.DB)
	if err != nil {
		return err
	}
	_, pending, err := saga.Holder(ctx, s.DB, Resource(e.ID).Lock())
	if err != nil || pending {
		return err
	}
	runs, err := s.runs(ctx, e.ID)
	if err != nil {
		return err
	}
	if !runs {
		err = s.DB.Write(ctx, func(tx *store.Tx) error { return s.recordStopped(ctx, tx, e, latest) })
	}
	if err == nil {
		s.events.remove(e)
	}
	return err
}

// recordStopped writes that the droplet's machine has stopped, unless an action
// later than latest is about the droplet. A droplet that its guest powered off
// should not run any more.
func (s *Service) recordStopped(ctx context.Context, tx *store.Tx, e compute.Event, latest int64) error {
	written, err := setObservedStatus(ctx, tx, e.ID, statusOff, latest)
	if err != nil || !written || !e.ByGuest {
		return err
	}
	return setWanted(ctx, tx, e.ID, false, s.hostLife)
}

const (
	reconcileInterval = 30 * time.Second
	// firstRetry is the delay after a failure. It doubles with each further failure,
	// up to reconcileInterval.
	firstRetry = time.Second
)

// Watch reconciles droplets with their machines regularly until ctx ends. Otherwise
// a status that could not be written when it changed would stay wrong.
func (s *Service) Watch(ctx context.Context) {
	next, retry := time.NewTimer(reconcileInterval), firstRetry
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.events.added():
			next.Reset(firstRetry)
			continue
		case <-next.C:
		}
		done, err := s.Reconcile(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("statuses of droplets are not recorded yet", "error", err)
		}
		if done {
			retry = firstRetry
			next.Reset(reconcileInterval)
			continue
		}
		next.Reset(retry)
		retry = min(2*retry, reconcileInterval)
	}
}
