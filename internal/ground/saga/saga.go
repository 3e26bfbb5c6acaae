// Package saga runs operations that outlive the process. A saga is a list of
// named steps, each with an undo. A journal in the database says which steps are
// done and what they have found out, so that whoever finds a saga unfinished can
// go on from there, forward or back.
//
// The tables hold unfinished sagas only: the end of a saga removes its rows, in
// the transaction that also writes what the end means (Definition.Complete,
// Definition.Abort, Hooks.Ended).
package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// ErrLocked means that another unfinished saga holds one of the locks.
var ErrLocked = errors.New("another operation holds the lock")

// Lock names a thing that one unfinished saga has for itself: a droplet, a
// volume.
type Lock struct{ Kind, Key string }

// Definition is one kind of saga: what it is made of.
type Definition struct {
	Kind  string
	Steps []Step

	// Observe looks at the world after the last step, or after the last undo. It
	// is repeated until it succeeds. What it passes to Run.SetOutput is the
	// output of the step Observed, for Complete and Abort: inside a transaction
	// nothing outside the database may be asked. It is nil if they need nothing.
	Observe func(ctx context.Context, r *Run) error

	// Complete runs in the transaction that ends the saga after its last step.
	// If it fails, that transaction is rolled back and tried again.
	Complete func(ctx context.Context, tx *store.Tx, r *Run) error

	// Abort runs in the transaction that ends the saga after its last undo.
	Abort func(ctx context.Context, tx *store.Tx, r *Run) error

	// Retry has a failing step repeated until it succeeds, in place of undoing
	// the saga. It is for sagas that only clean up.
	Retry bool
}

// Observed is the name of the step whose output Definition.Observe sets.
const Observed = "observe"

// Step is a part of a saga. Do and Undo are both idempotent: either may be
// called again after a crash in its middle, and Undo also when Do never was
// called. If a step fails, the undos of all steps are called, the last first. An
// undo is repeated until it succeeds, so it must succeed in every state of the
// world: also when what it would undo is gone.
type Step struct {
	Name string
	Do   func(ctx context.Context, r *Run) error
	Undo func(ctx context.Context, r *Run) error // nil if there is nothing to undo

	// Volatile marks a step that must be done again by whoever goes on with the
	// saga after a crash: its effect ends with the host, as the start of a
	// machine does. It is not journaled. Neither is the last step, because the
	// end follows at once; mark starts all the same.
	Volatile bool
}

// New is what a saga begins with.
type New struct {
	Kind    string
	Subject string // the id of what the saga is about, for Run.Subject
	Params  any    // written as JSON, for Run.Params
	Locks   []Lock // held until the end
}

// Begin writes a new saga in tx and has it run after the commit. It returns the
// saga's id, which no other saga ever has. ErrLocked if an unfinished saga holds
// one of the locks; tx must then be rolled back.
func (e *Engine) Begin(ctx context.Context, tx *store.Tx, n New) (int64, error) {
	if _, ok := e.definitions[n.Kind]; !ok {
		return 0, fmt.Errorf("no saga %s is defined", n.Kind)
	}
	for i, lock := range n.Locks {
		if slices.Contains(n.Locks[:i], lock) {
			return 0, fmt.Errorf("saga %s has the lock of %s %s twice", n.Kind, lock.Kind, lock.Key)
		}
	}
	params, err := json.Marshal(n.Params)
	if err != nil {
		return 0, fmt.Errorf("encode parameters of saga %s: %w", n.Kind, err)
	}
	s := row{kind: n.Kind, subject: n.Subject, params: params, startedAt: tx.Now(), locks: n.Locks}
	err = insert(ctx, tx, &s, e.owner, tx.Now().Add(leaseTime))
	if err != nil {
		return 0, fmt.Errorf("begin saga %s: %w", n.Kind, err)
	}
	tx.OnCommit(func() { e.run(s) })
	return s.id, nil
}

// Cancel ends in tx the unfinished saga that holds the lock, if there is one, as
// failed for that reason. Its steps are not undone and its Abort is not called:
// whoever cancels takes over with a saga of its own, which starts when the
// running step of the cancelled one has returned.
func (e *Engine) Cancel(ctx context.Context, tx *store.Tx, lock Lock, reason string) error {
	id, found, err := Holder(ctx, tx, lock)
	if err != nil || !found {
		return err
	}
	return e.end(ctx, tx, id, End{Failed: true, Reason: reason})
}

// End is how a saga has ended.
type End struct {
	Failed bool
	Reason string // why it failed
}

// Hooks connect sagas to a record of them that is kept after their end.
type Hooks struct {
	// Ended is called in the transaction that ends a saga, before Complete or
	// Abort.
	Ended func(ctx context.Context, tx *store.Tx, id int64, end End) error
	// Progress is told what a saga is doing, for people.
	Progress func(ctx context.Context, tx *store.Tx, id int64, text string) error
}

// end removes the saga and its locks, and tells the hook.
func (e *Engine) end(ctx context.Context, tx *store.Tx, id int64, end End) error {
	if err := remove(ctx, tx, id); err != nil {
		return fmt.Errorf("end saga %d: %w", id, err)
	}
	if e.Hooks.Ended != nil {
		if err := e.Hooks.Ended(ctx, tx, id, end); err != nil {
			return err
		}
	}
	tx.OnCommit(func() { e.ended(id) })
	return nil
}
