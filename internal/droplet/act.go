package droplet

import (
	"context"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/action"
	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

// preconditions are the actions that a client can ask for, and what each wants
// of the droplet's status. Clients match the messages.
var preconditions = map[string]func(Droplet) error{
	"power_on": func(d Droplet) error {
		if d.Status == statusActive {
			return apierr.Refused("Droplet is already powered on")
		}
		return nil
	},
	"power_off": func(d Droplet) error {
		if d.Status == statusOff {
			return apierr.Refused("Droplet is already powered off")
		}
		return nil
	},
	"reboot": func(d Droplet) error {
		if d.Status == statusOff {
			return apierr.Refused("Droplet is currently powered off. Please power it on to run this event.")
		}
		return nil
	},
	"shutdown":    func(Droplet) error { return nil },
	"power_cycle": func(Droplet) error { return nil },
}

// Get returns the account's droplet with that id, or apierr.NotFound.
func (s *Service) Get(ctx context.Context, accountID, id int64) (Droplet, error) {
	return get(ctx, s.DB, accountID, id)
}

// Act opens an action of that type on the droplet.
func (s *Service) Act(ctx context.Context, accountID, id int64, actionType string) (a action.Action, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		d, err := get(ctx, tx, accountID, id)
		if err != nil {
			return err
		}
		precondition, ok := preconditions[actionType]
		if !ok {
			return apierr.Invalid("type", "Type is invalid")
		}
		if d.Locked {
			return errPending
		}
		if err := precondition(d); err != nil {
			return err
		}
		a, err = s.Actions.Open(ctx, tx, resourceType,
			action.New{AccountID: accountID, Type: actionType, ResourceID: id, Region: d.Region})
		if errors.Is(err, action.ErrPending) {
			return errPending
		}
		return err
	})
	return a, err
}

var errPending = apierr.Refused("Droplet already has a pending event.")

// Delete destroys the droplet whatever it is doing: to the API it is gone when
// Delete returns.
func (s *Service) Delete(ctx context.Context, accountID, id int64) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		d, err := get(ctx, tx, accountID, id)
		if err != nil {
			return err
		}
		if err := s.Actions.Cancel(ctx, tx, resourceType, id, "the droplet was deleted"); err != nil {
			return err
		}
		if err := markDeleted(ctx, tx, id); err != nil {
			return err
		}
		_, err = s.Actions.Open(ctx, tx, resourceType,
			action.New{AccountID: accountID, Type: "destroy", ResourceID: id, Region: d.Region})
		return err
	})
}
