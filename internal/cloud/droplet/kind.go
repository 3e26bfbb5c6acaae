package droplet

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// kind is one type of action on droplets: everything about it in one value.
// docs/adding-an-action.md shows how one is added.
type kind struct {
	// Type is the action's name in the API (contract, droplet-actions.md).
	Type string

	// Draft is how the API's early draft asked for it; nil if it could not be
	// asked for, or by its Type only.
	Draft *draftForm

	// Params are what a request for it has besides the type.
	Params []param

	// Scopes are what a token needs besides the scope of the request's link.
	Scopes []string

	// NeedsPower says that Admit needs to know whether the machine runs.
	NeedsPower bool

	// NeedsHost says that Admit needs to know what this cloud's host can give.
	NeedsHost bool

	// Admit runs in the transaction that opens the action a client asks for. It
	// returns why the request is rejected, or the parameters that the steps read
	// by saga.Run.Params. It is nil for kinds that no client asks for by type.
	Admit func(ctx context.Context, tx *store.Tx, r ActionRequest) (params any, err error)

	// Missing is why this cloud does not have the kind; nil if it has.
	Missing *apierr.Error

	// The steps, and what their end changes. A kind without Observe, Complete and
	// Abort gets those that record the state of the machine: observe, recordPower
	// and recordStatus.
	saga.Definition
}

// param is a parameter of a kind of action.
type param struct {
	Name   string
	Schema string // JSON schema with description, example and type
}

// ActionRequest is a client's request for an action, as Admit judges it.
type ActionRequest struct {
	Droplet Droplet
	Runs    bool           // the machine runs; only if kind.NeedsPower
	Budget  Budget         // of all droplets; only if kind.NeedsHost
	Params  map[string]any // as they were sent; the schema has checked their types
}

// text returns the parameter with that name, if it is a string.
func (r ActionRequest) text(name string) string {
	text, _ := r.Params[name].(string)
	return text
}

// admitAll admits every request.
func admitAll(context.Context, *store.Tx, ActionRequest) (any, error) { return nil, nil }

// kinds are all types of action that droplets have.
func (s *Service) kinds() []kind {
	all := []kind{
		s.createKind(), s.destroyKind(), s.powerOnKind(), s.powerOffKind(), s.powerCycleKind(), s.shutdownKind(),
		s.rebootKind(), s.renameKind(), s.resizeKind(),
	}
	for i := range all {
		k := &all[i]
		if k.Observe == nil && k.Complete == nil && k.Abort == nil {
			k.Observe, k.Complete, k.Abort = s.observe, s.recordPower, s.recordStatus
		}
	}
	return append(all, missingKinds()...)
}

// kindOf returns the kind of action with that type, which a client may ask for.
func (s *Service) kindOf(actionType string) (kind, error) {
	all := s.kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.Type == actionType && (k.Admit != nil || k.Missing != nil) })
	switch {
	case i < 0:
		return kind{}, apierr.Invalid("type", "Type is invalid")
	case all[i].Missing != nil:
		return kind{}, all[i].Missing
	}
	return all[i], nil
}

// ActionKinds are the kinds of actions as the room of actions runs them.
func (s *Service) ActionKinds() []action.Kind {
	var kinds []action.Kind
	for _, k := range s.kinds() {
		if k.Missing == nil {
			kinds = append(kinds, action.Kind{ResourceType: resourceType, Type: k.Type, Draft: k.Draft.shown(), Definition: k.Definition})
		}
	}
	return kinds
}

// stepFunc is what a step does to the droplet with that id.
type stepFunc func(ctx context.Context, r *saga.Run, id int64) error

// step is a step of an action on a droplet. undo is nil if there is nothing to
// undo.
func step(name string, do, undo stepFunc) saga.Step {
	s := saga.Step{Name: name, Do: withID(do)}
	if undo != nil {
		s.Undo = withID(undo)
	}
	return s
}

// volatileStep is a step whose effect ends with the host.
func volatileStep(name string, do, undo stepFunc) saga.Step {
	s := step(name, do, undo)
	s.Volatile = true
	return s
}

func withID(fn stepFunc) func(context.Context, *saga.Run) error {
	return func(ctx context.Context, r *saga.Run) error {
		id, err := subject(r)
		if err != nil {
			return err
		}
		return fn(ctx, r, id)
	}
}

// subject returns the id of the droplet that the saga is about.
func subject(r *saga.Run) (int64, error) {
	id, err := strconv.ParseInt(r.Subject(), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no id of a droplet", r.Subject())
	}
	return id, nil
}

// Resource is the droplet with that id as actions and locks name it.
func Resource(id int64) action.Resource {
	return action.Resource{Type: resourceType, ID: strconv.FormatInt(id, 10)}
}
