package simulated

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Wait returns when the machine does not run.
func (e *Engine) Wait(ctx context.Context, id int64) error {
	e.mu.Lock()
	m, ok := e.machines[id]
	var stopped <-chan struct{}
	if ok {
		stopped = m.stopped
	}
	e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return failed("wait for", id, err)
	}
	if !ok {
		return nil
	}
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return failed("wait for", id, ctx.Err())
	}
}

// State of the machine as it is now.
func (e *Engine) State(ctx context.Context, id int64) (compute.State, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := e.machines[id]
	switch {
	case ctx.Err() != nil:
		return "", failed("query", id, ctx.Err())
	case !ok:
		return compute.Absent, nil
	case m.record.Running:
		return compute.Running, nil
	default:
		return compute.Stopped, nil
	}
}

// Spec returns a copy.
func (e *Engine) Spec(ctx context.Context, id int64) (spec compute.Spec, err error) {
	err = e.with(ctx, "query", id, func(m *machine) error {
		spec = m.record.Spec.Clone()
		return nil
	})
	return spec, err
}

// Console has a line for each boot.
func (e *Engine) Console(ctx context.Context, id int64) (io.ReadCloser, error) {
	var text strings.Builder
	err := e.with(ctx, "read the console of", id, func(m *machine) error {
		for boot := range m.record.Boots {
			fmt.Fprintf(&text, "simulated machine %d (%s), boot %d\n", id, m.record.Spec.Hostname, boot+1)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return io.NopCloser(strings.NewReader(text.String())), nil
}
