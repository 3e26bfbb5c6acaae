package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Run is one go at a saga, handed to its steps and hooks.
type Run struct {
	saga    row
	engine  *Engine
	journal map[string]entry // of the steps that are done or undone
	output  json.RawMessage  // of the step that runs now
	log     *slog.Logger
}

// ID of the saga.
func (r *Run) ID() int64 { return r.saga.id }

// Subject is the id of what the saga is about, as New.Subject had it.
func (r *Run) Subject() string { return r.saga.subject }

// Reason is why the saga is undone; empty while it goes forward.
func (r *Run) Reason() string { return r.saga.reason }

// Params fills the struct at into with the saga's parameters.
func (r *Run) Params(into any) error {
	if err := json.Unmarshal(r.saga.params, into); err != nil {
		return fmt.Errorf("parameters of saga %s: %w", r.saga.kind, err)
	}
	return nil
}

// Write runs fn in a transaction, if the saga is still this node's to run. Steps
// write by it: a node that was frozen for longer than its lease writes nothing.
func (r *Run) Write(ctx context.Context, fn func(tx *store.Tx) error) error {
	return r.write(ctx, "", fn)
}

// SetOutput sets what the step that runs now has found out. It is written with
// the journal's entry of the step, as JSON. Of a volatile step it is there for
// this run only.
func (r *Run) SetOutput(value any) (err error) {
	r.output, err = json.Marshal(value)
	return err
}

// Output fills the struct at into with the output of a step that is done, also
// by an earlier run, or of Observed. It reports whether there is one.
func (r *Run) Output(step string, into any) (found bool, err error) {
	output := r.journal[step].output
	if len(output) == 0 {
		return false, nil
	}
	if err := json.Unmarshal(output, into); err != nil {
		return false, fmt.Errorf("output of step %s of saga %s: %w", step, r.saga.kind, err)
	}
	return true, nil
}

// Progress tells people what the saga is doing now.
func (r *Run) Progress(ctx context.Context, text string) {
	r.log.Info("progress", "doing", text)
	if r.engine.Hooks.Progress == nil {
		return
	}
	err := r.write(ctx, "", func(tx *store.Tx) error { return r.engine.Hooks.Progress(ctx, tx, r.saga.id, text) })
	if err != nil {
		r.log.Debug("progress not written", "error", err)
	}
}
