// Package action runs the API's long operations. An action is a row that
// outlives the process: a list of named steps with a journal of those that are
// done, so that whoever finds it unfinished can go on from there.
package action

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// The statuses of an action.
const (
	InProgress = "in-progress"
	Completed  = "completed"
	Errored    = "errored"
)

// ErrPending means that the resource has an unfinished action already.
var ErrPending = errors.New("the resource has an unfinished action")

// Action is one long operation on one resource.
type Action struct {
	ID           int64
	AccountID    int64
	Type         string
	Status       string
	ResourceType string
	ResourceID   int64
	Region       string // slug; may be empty
	StartedAt    time.Time
	CompletedAt  *time.Time // set exactly when Status is terminal
	Reason       string     // why it errored
	Progress     string     // what it is doing, for people
}

// Definition is a type of action: what it is made of.
type Definition struct {
	Type         string
	ResourceType string
	Steps        []Step

	// Observe looks at the world before the transaction that ends the action:
	// inside one, nothing outside the database may be asked. What it returns
	// is handed to Complete or Abort. It is nil if they need nothing.
	Observe func(ctx context.Context, a Action) (seen string, err error)

	// Complete is run in the transaction that completes the action, so that
	// what it changes is seen together with the action's end. If it fails,
	// nothing of that transaction is kept, and it is tried again.
	Complete func(ctx context.Context, tx *store.Tx, a Action, seen string) error

	// Abort is Complete's counterpart in the transaction that ends the action
	// as errored, after all undos.
	Abort func(ctx context.Context, tx *store.Tx, a Action, seen string) error

	// Insist has a failing step tried again until it succeeds, instead of
	// being undone. It is for actions that only clean up.
	Insist bool
}

// Step is a part of an action. Do and Undo are both idempotent: either may be
// called again after a crash in its middle, and Undo also when Do never was.
//
// A step that is journaled as done is not done again after a restart. The last
// one is not journaled, the action's end says that it is done: so a step whose
// effect ends with the host, as a machine's start, has to be the last.
type Step struct {
	Name string
	Do   func(ctx context.Context, r *Run) error
	Undo func(ctx context.Context, r *Run) error // nil if there is nothing to undo
}

// New is what an action begins with.
type New struct {
	AccountID  int64
	Type       string
	ResourceID int64
	Region     string
}

// Open writes a new action of resourceType in tx and has it run after the
// commit. ErrPending if the resource has an unfinished one.
func (e *Engine) Open(ctx context.Context, tx *store.Tx, resourceType string, n New) (Action, error) {
	if _, ok := e.definitions[kind{resourceType, n.Type}]; !ok {
		return Action{}, fmt.Errorf("no action %s of %s is defined", n.Type, resourceType)
	}
	a := Action{
		AccountID: n.AccountID, Type: n.Type, Status: InProgress,
		ResourceType: resourceType, ResourceID: n.ResourceID, Region: n.Region,
		StartedAt: tx.Now(),
	}
	err := insert(ctx, tx, &a, e.owner, tx.Now().Add(leaseTime))
	if store.IsUnique(err) {
		return Action{}, ErrPending
	}
	if err != nil {
		return Action{}, fmt.Errorf("open action: %w", err)
	}
	tx.OnCommit(func() { e.run(a) })
	return a, nil
}

// Cancel ends a resource's unfinished action, if there is one, as errored for
// that reason. Its steps are not undone: whoever cancels takes over the
// resource with an action of its own, which starts when the old one's step has
// returned.
func (e *Engine) Cancel(ctx context.Context, tx *store.Tx, resourceType string, resourceID int64, reason string) error {
	id, err := cancel(ctx, tx, resourceType, resourceID, reason)
	if err != nil {
		return fmt.Errorf("cancel the action of %s %d: %w", resourceType, resourceID, err)
	}
	if id != 0 {
		tx.OnCommit(func() { e.ended(id) })
	}
	return nil
}
