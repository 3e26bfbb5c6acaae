package action

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Run is one go at an action, handed to its steps.
type Run struct {
	Action Action
	engine *Engine
	def    Definition
	steps  map[string]string // the journal
	log    *slog.Logger
}

// The states of a step in the journal.
const (
	done   = "done"
	undone = "undone"
)

// errLost ends a run without another word: its action is no longer its own.
var errLost = errors.New("the action is no longer this run's")

// execute brings an action to its end, or leaves it for another go.
func (e *Engine) execute(ctx context.Context, a Action) {
	log := e.log.With("action", a.ID, "type", a.Type, a.ResourceType, a.ResourceID)
	r := &Run{Action: a, engine: e, def: e.definitions[kind{a.ResourceType, a.Type}], log: log}
	// It may have been cancelled, and what cancelled it be done, since it was
	// claimed.
	err := r.own(ctx, func(tx *store.Tx) (err error) {
		r.steps, err = readJournal(ctx, tx, a.ID)
		return err
	})
	if err == nil {
		err = r.run(ctx)
	}
	switch {
	case err == nil, errors.Is(err, errLost), errors.Is(err, fault.ErrCrash):
	case ctx.Err() != nil:
		log.Debug("action left for another go", "error", context.Cause(ctx))
	default:
		log.Error("action left for another go", "error", err)
	}
}

func (r *Run) run(ctx context.Context) error {
	if r.def.Type == "" {
		return r.finish(ctx, Errored, fmt.Sprintf("this version of Rockpool knows no action %s", r.Action.Type))
	}
	if r.Action.Reason == "" {
		failure, err := r.forward(ctx)
		if err != nil {
			return err
		}
		if failure == nil {
			return r.finish(ctx, Completed, "")
		}
		r.log.Warn("action failed, undoing it", "error", failure)
		r.Action.Reason = failure.Error()
		err = r.write(ctx, "blame", func(tx *store.Tx) error { return blame(ctx, tx, r.Action.ID, r.Action.Reason) })
		if err != nil {
			return err
		}
	}
	if err := r.unwind(ctx); err != nil {
		return err
	}
	return r.finish(ctx, Errored, r.Action.Reason)
}

// forward does the steps that are not done. failure is what a step failed for
// for good; err is what keeps the run from going on.
func (r *Run) forward(ctx context.Context) (failure, err error) {
	last := len(r.def.Steps) - 1
	for i, step := range r.def.Steps {
		if r.steps[step.Name] == done {
			continue
		}
		failure := r.try(ctx, step.Name, step.Do, r.def.Insist)
		switch {
		case errors.Is(failure, fault.ErrCrash) || ctx.Err() != nil:
			return nil, errors.Join(failure, ctx.Err())
		case failure != nil:
			return failure, nil
		case i == last:
			return nil, nil
		}
		if err := r.note(ctx, step.Name, done); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// unwind undoes all steps, the last first. Also the one that failed and those
// that never began: an undo is harmless then.
func (r *Run) unwind(ctx context.Context) error {
	for i := len(r.def.Steps) - 1; i >= 0; i-- {
		step := r.def.Steps[i]
		if step.Undo == nil || r.steps[step.Name] == undone {
			continue
		}
		if err := r.try(ctx, "undo "+step.Name, step.Undo, true); err != nil {
			return err
		}
		if err := r.note(ctx, step.Name, undone); err != nil {
			return err
		}
	}
	return nil
}

// The wait between tries of what must succeed doubles up to the longest.
const (
	firstWait   = 50 * time.Millisecond
	longestWait = 30 * time.Second
)

// try calls fn, again and again until it succeeds if insist, unless the action
// is lost to this run.
func (r *Run) try(ctx context.Context, name string, fn func(context.Context, *Run) error, insist bool) error {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		began := time.Now()
		err := r.call(ctx, fn)
		r.log.Debug("step", "name", name, "took", time.Since(began), "error", err)
		if err == nil || !insist || errors.Is(err, fault.ErrCrash) || errors.Is(err, errLost) || ctx.Err() != nil {
			return err
		}
		r.log.Warn("step failed, trying again", "step", name, "wait", wait, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// call turns a panic into an error: one bad step must not end the process that
// serves everybody else.
func (r *Run) call(ctx context.Context, fn func(context.Context, *Run) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("panic in a step", "panic", p, "stack", string(debug.Stack()))
			err = errors.New("internal error")
		}
	}()
	return fn(ctx, r)
}

func (r *Run) note(ctx context.Context, step, state string) error {
	err := r.write(ctx, "journal", func(tx *store.Tx) error { return journal(ctx, tx, r.Action.ID, step, state) })
	if err == nil {
		r.steps[step] = state
	}
	return err
}

// finish ends the action together with what that means for its resource.
func (r *Run) finish(ctx context.Context, status, reason string) error {
	seen, err := r.observe(ctx)
	if err != nil {
		return err
	}
	hook := r.def.Complete
	if status == Errored {
		hook = r.def.Abort
	}
	err = r.write(ctx, "finish", func(tx *store.Tx) error {
		if err := end(ctx, tx, r.Action.ID, status, reason); err != nil {
			return err
		}
		if hook != nil {
			if err := hook(ctx, tx, r.Action, seen); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { r.engine.ended(r.Action.ID) })
		return nil
	})
	if err == nil {
		r.log.Info("action ended", "status", status, "reason", reason, "took", r.engine.db.Now().Sub(r.Action.StartedAt))
	}
	return err
}

func (r *Run) observe(ctx context.Context) (seen string, err error) {
	if r.def.Observe == nil {
		return "", nil
	}
	err = r.try(ctx, "observe", func(ctx context.Context, r *Run) (err error) {
		seen, err = r.def.Observe(ctx, r.Action)
		return err
	}, true)
	return seen, err
}

// write is own for what has to be written before the run can go on. A write
// that fails, as on a full disk, is tried again here: a new run would do the
// step before it once more.
func (r *Run) write(ctx context.Context, what string, fn func(tx *store.Tx) error) error {
	return r.try(ctx, what, func(ctx context.Context, r *Run) error {
		if err := fault.At(ctx, "action."+what); err != nil {
			return err
		}
		return r.own(ctx, fn)
	}, true)
}

// own runs fn in a transaction if the action is still this engine's to go on
// with, and returns errLost if not.
func (r *Run) own(ctx context.Context, fn func(tx *store.Tx) error) error {
	return r.engine.db.Write(ctx, func(tx *store.Tx) error {
		ok, err := held(ctx, tx, r.Action.ID, r.engine.owner)
		if err != nil {
			return err
		}
		if !ok {
			return errLost
		}
		return fn(tx)
	})
}

// Progress tells people what the action is doing now.
func (r *Run) Progress(ctx context.Context, text string) {
	r.log.Info("progress", "doing", text)
	if err := r.own(ctx, func(tx *store.Tx) error { return setProgress(ctx, tx, r.Action.ID, text) }); err != nil {
		r.log.Debug("progress not kept", "error", err)
	}
}
