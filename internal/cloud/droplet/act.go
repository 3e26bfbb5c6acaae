package droplet

import (
	"context"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Get returns the account's droplet with that id, or apierr.NotFound.
func (s *Service) Get(ctx context.Context, accountID, id int64) (Droplet, error) {
	return get(ctx, s.DB, accountID, id)
}

// ActionPlan is an action that a client requests, ready to be opened in a
// transaction.
type ActionPlan struct {
	service   *Service
	kind      kind
	accountID int64
	id        int64
	runs      bool   // the machine runs; only if kind.NeedsPower
	budget    Budget // of all droplets; only if kind.NeedsHost
	params    map[string]any
}

// PlanAction asks the host and the engine, outside a transaction, what Admit of
// an action of that type needs to know. It asks the engine whether the machine
// runs, because the status in the database may be out of date; only about an
// unlocked droplet of the account. Open checks the lock again. If the machine's
// state changes in between, the action's steps meet that.
func (s *Service) PlanAction(ctx context.Context, accountID, id int64, actionType string, params map[string]any) (*ActionPlan, error) {
	k, err := s.kindOf(actionType)
	if err != nil {
		return nil, err
	}
	return s.plan(ctx, accountID, id, k, params)
}

func (s *Service) plan(ctx context.Context, accountID, id int64, k kind, params map[string]any) (*ActionPlan, error) {
	a := &ActionPlan{service: s, kind: k, accountID: accountID, id: id, params: params}
	if !k.NeedsPower && !k.NeedsHost {
		return a, nil
	}
	d, err := get(ctx, s.DB, accountID, id)
	if err != nil {
		return nil, err
	}
	if d.Locked {
		return nil, errPending
	}
	if k.NeedsHost {
		if err := s.ready(ctx); err != nil {
			return nil, err
		}
		a.budget = s.budget()
	}
	if k.NeedsPower {
		a.runs, err = s.runs(ctx, id)
	}
	return a, err
}

// Open opens the action in tx. It fails if the droplet's state or the parameters do not
// allow the action.
func (a *ActionPlan) Open(ctx context.Context, tx *store.Tx) (action.Action, error) {
	d, err := get(ctx, tx, a.accountID, a.id)
	if err != nil {
		return action.Action{}, err
	}
	if d.Locked {
		return action.Action{}, errPending
	}
	params, err := a.kind.Admit(ctx, tx, ActionRequest{Droplet: d, Runs: a.runs, Budget: a.budget, Params: a.params})
	if err != nil {
		return action.Action{}, err
	}
	return a.service.open(ctx, tx, d, a.kind.Type, params)
}

func (s *Service) open(ctx context.Context, tx *store.Tx, d Droplet, actionType string, params any) (action.Action, error) {
	a, err := s.Actions.Open(ctx, tx, action.New{
		AccountID: d.AccountID, Type: actionType, Resource: Resource(d.ID), Region: d.Region, Params: params,
	})
	if errors.Is(err, action.ErrPending) {
		return a, errPending
	}
	return a, err
}

// errPending has a message that clients match.
var errPending = apierr.Refused("Droplet already has a pending event.")

// Rename gives the droplet another name in tx, also while it has an unfinished action.
// The guest keeps its hostname.
func (s *Service) Rename(ctx context.Context, tx *store.Tx, accountID, id int64, name string) (Droplet, error) {
	if err := checkName("name", name); err != nil {
		return Droplet{}, err
	}
	d, err := get(ctx, tx, accountID, id)
	if err != nil {
		return d, err
	}
	d.Name = name
	if err := setName(ctx, tx, id, name); err != nil {
		return d, err
	}
	return d, s.notifyNamed(ctx, tx, d)
}

// Delete marks the droplet as deleted in tx, also while it has an unfinished action,
// which is cancelled. To the API the droplet is gone. Delete returns the droplet as it
// was, and the action that removes its machine and its address.
func (s *Service) Delete(ctx context.Context, tx *store.Tx, accountID, id int64) (Droplet, action.Action, error) {
	d, err := get(ctx, tx, accountID, id)
	if err != nil {
		return d, action.Action{}, err
	}
	if err := s.Actions.Cancel(ctx, tx, Resource(id), "the droplet was deleted"); err != nil {
		return d, action.Action{}, err
	}
	if err := markDeleted(ctx, tx, id); err != nil {
		return d, action.Action{}, err
	}
	a, err := s.open(ctx, tx, d, "destroy", nil)
	return d, a, err
}
