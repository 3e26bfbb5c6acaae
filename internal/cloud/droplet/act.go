package droplet

import (
	"context"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// preconditions are the actions that a client can ask for, and what each wants
// of the droplet, which runs or doesn't; nil wants nothing. Clients match the
// messages.
var preconditions = map[string]func(runs bool) error{
	"power_on": nil, // of a machine that runs too: Ansible posts it after every create
	"power_off": func(runs bool) error {
		if !runs {
			return apierr.Refused("Droplet is already powered off")
		}
		return nil
	},
	"reboot": func(runs bool) error {
		if !runs {
			return apierr.Refused("Droplet is currently powered off. Please power it on to run this event.")
		}
		return nil
	},
	"shutdown":    nil,
	"power_cycle": nil,
}

// notThereYet are the other types that the contract has.
var notThereYet = map[string]bool{
	"password_reset": true, "resize": true, "snapshot": true, "rebuild": true, "restore": true,
	"enable_backups": true, "disable_backups": true, "change_backup_policy": true,
	"enable_ipv6": true, "enable_private_networking": true,
}

// Get returns the account's droplet with that id, or apierr.NotFound.
func (s *Service) Get(ctx context.Context, accountID, id int64) (Droplet, error) {
	return get(ctx, s.DB, accountID, id)
}

// Runs reports whether the droplet's machine runs now, for Act: the status in
// the database may be that of a moment ago. The engine is only asked about a
// droplet that is the account's and has no unfinished action, for an action that
// has a precondition.
func (s *Service) Runs(ctx context.Context, accountID, id int64, actionType string) (bool, error) {
	if preconditions[actionType] == nil {
		return false, nil
	}
	d, err := get(ctx, s.DB, accountID, id)
	if err != nil {
		return false, err
	}
	if d.Locked {
		return false, errPending
	}
	return s.runs(ctx, id)
}

// Act opens an action of that type on the droplet in tx. runs is what Runs has
// seen before.
func (s *Service) Act(ctx context.Context, tx *store.Tx, accountID, id int64, actionType string, runs bool) (action.Action, error) {
	precondition, ok := preconditions[actionType]
	switch {
	case notThereYet[actionType]:
		return action.Action{}, apierr.Invalid("type", "%s is not there yet", actionType)
	case actionType == "change_kernel":
		return action.Action{}, apierr.Invalid("type", "Kernel is not available for this Droplet")
	case !ok:
		return action.Action{}, apierr.Invalid("type", "Type is invalid")
	}
	d, err := get(ctx, tx, accountID, id)
	if err != nil {
		return action.Action{}, err
	}
	if d.Locked {
		return action.Action{}, errPending
	}
	if precondition != nil {
		if err := precondition(runs); err != nil {
			return action.Action{}, err
		}
	}
	return s.open(ctx, tx, d, actionType)
}

func (s *Service) open(ctx context.Context, tx *store.Tx, d Droplet, actionType string) (action.Action, error) {
	a, err := s.Actions.Open(ctx, tx, resourceType,
		action.New{AccountID: d.AccountID, Type: actionType, ResourceID: d.ID, Region: d.Region})
	if errors.Is(err, action.ErrPending) {
		return a, errPending
	}
	return a, err
}

var errPending = apierr.Refused("Droplet already has a pending event.")

// Rename gives the droplet another name in tx, at once and whatever it is
// doing. Its guest keeps the name of its host.
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

// RenameByAction is Rename by an action, as the API has it beside: refused
// while another one is under way.
func (s *Service) RenameByAction(ctx context.Context, tx *store.Tx, accountID, id int64, name string) (action.Action, error) {
	d, err := s.Rename(ctx, tx, accountID, id, name)
	if err != nil {
		return action.Action{}, err
	}
	return s.open(ctx, tx, d, "rename")
}

// Delete destroys the droplet in tx, whatever it is doing: to the API it is
// gone. What is returned is the droplet as it was, and the action that removes
// what there is of it.
func (s *Service) Delete(ctx context.Context, tx *store.Tx, accountID, id int64) (Droplet, action.Action, error) {
	d, err := get(ctx, tx, accountID, id)
	if err != nil {
		return d, action.Action{}, err
	}
	if err := s.Actions.Cancel(ctx, tx, resourceType, id, "the droplet was deleted"); err != nil {
		return d, action.Action{}, err
	}
	if err := markDeleted(ctx, tx, id); err != nil {
		return d, action.Action{}, err
	}
	a, err := s.open(ctx, tx, d, "destroy")
	return d, a, err
}
