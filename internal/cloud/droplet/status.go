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

// statusOf is the status of a droplet whose machine is in that state.
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

// sight is a droplet without an unfinished action, and what its machine was
// seen to do.
type sight struct {
	id      int64
	account int64
	region  string // slug
	status  string // in the database
	wanted  bool   // to run
	life    string // of its host, when it was last seen to run or to be started
	state   compute.State
}

// resumes reports whether the droplet's machine has ended with its host and is
// to be started again.
func (d sight) resumes(life string) bool {
	return d.state == compute.Stopped && d.wanted && d.life != "" && d.life != life
}

// differs reports whether the database says otherwise than what was seen.
func (d sight) differs(life string) bool {
	return d.status != statusOf(d.state) || d.state == compute.Running && d.life != life || d.resumes(life)
}

// look sees all droplets that have no unfinished action. A droplet that has one
// gets its status when that ends. What was seen may be written as long as no
// action later than that one has changed the droplet.
func (s *Service) look(ctx context.Context) (seen []sight, latest int64, err error) {
	found, latest, err := idle(ctx, s.DB)
	if err != nil {
		return nil, 0, err
	}
	machines, err := s.Engine.List(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list machines: %w", err)
	}
	there := make(map[int64]bool, len(machines))
	for _, id := range machines {
		there[id] = true
	}
	for _, d := range found {
		d.state = compute.Absent
		if there[d.id] {
			if d.state, err = s.Engine.State(ctx, d.id); err != nil {
				s.Log.Warn("a machine's state can't be seen", "droplet", d.id, "error", err)
				continue
			}
		}
		seen = append(seen, d)
	}
	return seen, latest, ctx.Err()
}

// Reconcile brings droplets in line with their machines: one query, one look
// at the machines, and one transaction if anything differs. done is false if
// something is left to be done soon.
func (s *Service) Reconcile(ctx context.Context) (done bool, err error) {
	s.looking.Lock()
	defer s.looking.Unlock()
	for _, e := range s.missed.all() {
		err = errors.Join(err, s.settle(ctx, e)) // one that fails keeps no other
	}
	err = errors.Join(err, s.reconcile(ctx))
	return err == nil && len(s.missed.all()) == 0, err
}

func (s *Service) reconcile(ctx context.Context) error {
	if err := s.passMachines(ctx); err != nil {
		return err
	}
	seen, latest, err := s.look(ctx)
	if err != nil {
		return err
	}
	seen = slices.DeleteFunc(seen, func(d sight) bool { return !d.differs(s.life) })
	if len(seen) == 0 {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		for _, d := range seen {
			if err := s.keep(ctx, tx, d, latest); err != nil {
				return fmt.Errorf("keep the status of droplet %d: %w", d.id, err)
			}
		}
		return nil
	})
}

// keep writes what was seen of a droplet, and has it started if it has ended
// with its host, unless an action later than that one has changed it.
func (s *Service) keep(ctx context.Context, tx *store.Tx, d sight, latest int64) error {
	status := statusOf(d.state)
	kept, err := setSeenStatus(ctx, tx, d.id, status, latest)
	if err != nil || !kept {
		return err
	}
	if status != d.status {
		s.Log.Info("a droplet's status follows its machine", "droplet", d.id, "was", d.status, "is", status)
	}
	resumes := d.resumes(s.life)
	if d.state == compute.Running || resumes {
		if err := setHostLife(ctx, tx, d.id, s.life); err != nil {
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

// Notify hears of a machine that ended by itself.
func (s *Service) Notify(e compute.Event) {
	s.Log.Info("machine stopped by itself", "droplet", e.ID, "reason", e.Reason)
	s.looking.Lock()
	defer s.looking.Unlock()
	s.missed.add(e)
	if err := s.settle(context.Background(), e); err != nil {
		s.Log.Warn("the status of a stopped droplet is not kept yet", "droplet", e.ID, "error", err)
	}
}

// settle keeps what a missed event has left of its droplet. If an action is
// under way it is for later: that may have looked at the machine before.
func (s *Service) settle(ctx context.Context, e compute.Event) error {
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
		err = s.DB.Write(ctx, func(tx *store.Tx) error { return s.keepEnd(ctx, tx, e, latest) })
	}
	if err == nil {
		s.missed.drop(e)
	}
	return err
}

// keepEnd writes that the droplet's machine has ended, unless an action later
// than that one has changed it.
func (s *Service) keepEnd(ctx context.Context, tx *store.Tx, e compute.Event, latest int64) error {
	kept, err := setSeenStatus(ctx, tx, e.ID, statusOff, latest)
	if err != nil || !kept || !e.ByGuest {
		return err
	}
	return setWanted(ctx, tx, e.ID, false, s.life)
}

// How often machines are looked at, and when again after a failure, which
// doubles up to that.
const (
	lookEvery  = 30 * time.Second
	firstRetry = time.Second
)

// Watch looks at the machines from time to time until ctx ends: a status that
// could not be kept when it changed would be wrong for good.
func (s *Service) Watch(ctx context.Context) {
	next, retry := time.NewTimer(lookEvery), firstRetry
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.missed.added():
			next.Reset(firstRetry)
			continue
		case <-next.C:
		}
		done, err := s.Reconcile(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("statuses of droplets are not kept yet", "error", err)
		}
		if done {
			retry = firstRetry
			next.Reset(lookEvery)
			continue
		}
		next.Reset(retry)
		retry = min(2*retry, lookEvery)
	}
}
