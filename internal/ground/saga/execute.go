package saga

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// The states of a step in the journal.
const (
	done   = "done"
	undone = "undone"
)

// errLost ends a run that may write nothing more: its saga was ended or is
// another node's.
var errLost = errors.New("the saga is no longer this run's")

// execute brings a saga to its end, or leaves it for another run.
func (e *Engine) execute(ctx context.Context, s row) {
	log := e.log.With("saga", s.id, "kind", s.kind, "subject", s.subject)
	r := &Run{saga: s, engine: e, log: log}
	// The saga may have been cancelled since its lease was taken, and whoever
	// cancelled it may have taken over.
	err := r.write(ctx, "", func(tx *store.Tx) (err error) {
		r.journal, err = readJournal(ctx, tx, s.id)
		return err
	})
	if err == nil {
		err = r.run(ctx)
	}
	switch {
	case err == nil, errors.Is(err, errLost), errors.Is(err, fault.ErrCrash):
	case ctx.Err() != nil:
		log.Debug("operation left for another run", "error", context.Cause(ctx))
	default:
		log.Error("operation left for another run", "error", err)
	}
}

func (r *Run) run(ctx context.Context) error {
	def, known := r.engine.definitions[r.saga.kind]
	if !known {
		return r.finish(ctx, Definition{}, End{Failed: true, Reason: fmt.Sprintf("this version of Rockpool knows no operation %s", r.saga.kind)})
	}
	if !r.saga.unwinding {
		failure, err := r.forward(ctx, def)
		if err != nil {
			return err
		}
		if failure == nil {
			return r.finish(ctx, def, End{})
		}
		r.log.Warn("operation failed and is undone", "error", failure)
		reason := failure.Error()
		err = r.writeUntilDone(ctx, "unwind", func(tx *store.Tx) error { return unwind(ctx, tx, r.saga.id, reason) })
		if err != nil {
			return err
		}
		r.saga.unwinding, r.saga.reason = true, reason
	}
	if err := r.unwind(ctx, def); err != nil {
		return err
	}
	return r.finish(ctx, def, End{Failed: true, Reason: r.saga.reason})
}

// forward does the steps that are not done. failure is why a step failed for
// good; err is what keeps the run from going on.
func (r *Run) forward(ctx context.Context, def Definition) (failure, err error) {
	last := len(def.Steps) - 1
	for i, step := range def.Steps {
		if r.journal[step.Name].state == done {
			continue
		}
		failure := r.try(ctx, step.Name, r.repeated(step.Do), def.Retry)
		switch {
		case errors.Is(failure, fault.ErrCrash) || errors.Is(failure, errLost) || ctx.Err() != nil:
			return nil, errors.Join(failure, ctx.Err())
		case failure != nil:
			return failure, nil
		}
		// The end, which follows at once, says that the last step is done.
		if err := r.note(ctx, step, done, !step.Volatile && i != last); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// unwind undoes all steps, the last first. Also the one that failed and those
// that never began: an undo is harmless then.
func (r *Run) unwind(ctx context.Context, def Definition) error {
	for i := len(def.Steps) - 1; i >= 0; i-- {
		step := def.Steps[i]
		if step.Undo == nil || r.journal[step.Name].state == undone {
			continue
		}
		if err := r.try(ctx, "undo "+step.Name, r.repeated(step.Undo), true); err != nil {
			return err
		}
		if err := r.note(ctx, step, undone, true); err != nil {
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

// stepFunc is what a step does.
type stepFunc = func(ctx context.Context, r *Run) error

// try calls fn once, or until it succeeds if retry is set. It ends early with
// the run: when ctx ends, or the saga is no longer this run's.
func (r *Run) try(ctx context.Context, name string, fn stepFunc, retry bool) error {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		began := time.Now()
		r.output = nil
		err := r.call(ctx, fn)
		r.log.Debug("step", "name", name, "took", time.Since(began), "error", err)
		if err == nil || !retry || errors.Is(err, fault.ErrCrash) || errors.Is(err, errLost) || ctx.Err() != nil {
			return err
		}
		r.log.Warn("step failed and is tried again", "step", name, "wait", wait, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// repeated returns a step that calls fn as often as RepeatSteps says.
func (r *Run) repeated(fn stepFunc) stepFunc {
	return func(ctx context.Context, run *Run) error {
		for range r.engine.repeats {
			if err := fn(ctx, run); err != nil {
				return err
			}
		}
		return nil
	}
}

// call turns a panic into an error: one bad step must not end the process that
// serves everybody else.
func (r *Run) call(ctx context.Context, fn stepFunc) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("panic in a step", "panic", p, "stack", string(debug.Stack()))
			err = errors.New("internal error")
		}
	}()
	return fn(ctx, r)
}

// note remembers that a step is done or undone: for this run, and in the journal
// for other runs.
func (r *Run) note(ctx context.Context, step Step, state string, journaled bool) error {
	e := entry{state: state, output: r.output}
	if state == undone {
		e.output = r.journal[step.Name].output
	}
	if journaled {
		err := r.writeUntilDone(ctx, "journal", func(tx *store.Tx) error { return journal(ctx, tx, r.saga.id, step.Name, e) })
		if err != nil {
			return err
		}
	}
	r.journal[step.Name] = e
	return nil
}

// finish ends the saga together with what that means.
func (r *Run) finish(ctx context.Context, def Definition, end End) error {
	if def.Observe != nil {
		if err := r.try(ctx, Observed, def.Observe, true); err != nil {
			return err
		}
		r.journal[Observed] = entry{state: done, output: r.output}
	}
	hook := def.Complete
	if end.Failed {
		hook = def.Abort
	}
	err := r.writeUntilDone(ctx, "end", func(tx *store.Tx) error {
		if err := r.engine.end(ctx, tx, r.saga.id, end); err != nil || hook == nil {
			return err
		}
		return hook(ctx, tx, r)
	})
	if err == nil {
		r.log.Info("operation ended", "failed", end.Failed, "reason", end.Reason, "took", r.engine.db.Now().Sub(r.saga.startedAt))
	}
	return err
}

// writeUntilDone is write for what has to be written before the run can go on. A
// write that fails, as on a full disk, is tried again here: a new run would do
// the step before it once more. The fault point is named after what is written.
func (r *Run) writeUntilDone(ctx context.Context, what string, fn func(tx *store.Tx) error) error {
	output := r.output
	err := r.try(ctx, what, func(ctx context.Context, r *Run) error { return r.write(ctx, what, fn) }, true)
	r.output = output
	return err
}

// write runs fn in a transaction if the saga is still this engine's to go on
// with, and returns errLost if not.
func (r *Run) write(ctx context.Context, what string, fn func(tx *store.Tx) error) error {
	if what != "" {
		if err := fault.At(ctx, "saga."+what); err != nil {
			return err
		}
	}
	return r.engine.db.Write(ctx, func(tx *store.Tx) error {
		ok, err := leasedBy(ctx, tx, r.saga, r.engine.owner)
		if err != nil {
			return err
		}
		if !ok {
			return errLost
		}
		return fn(tx)
	})
}
