package qemu

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/qmp"
)

// QEMU pauses a guest whose write fails for lack of space on the host, and repeats
// the write when the guest is resumed (docs/interop/qemu-qmp-ref, BLOCK_IO_ERROR
// and RunState).

// runState is the answer to query-status.
type runState struct {
	Running bool   `json:"running"`
	Status  string `json:"status"`
}

// errEnding means that QEMU will end very soon: its guest has powered off.
var errEnding = errors.New("QEMU is ending")

// ensureRunning resumes the guest if it is paused.
func ensureRunning(ctx context.Context, client *qmp.Client) error {
	var state runState
	if err := client.Execute(ctx, "query-status", nil, &state); err != nil {
		return err
	}
	switch {
	case state.Running:
		return nil
	case state.Status == "shutdown":
		return errEnding
	}
	if err := fault.At(ctx, "qemu.start.continue"); err != nil {
		return err
	}
	return client.Execute(ctx, "cont", nil, nil)
}

// pausedByDisk reports whether QEMU has paused the guest for lack of space. It is
// asked for each new connection, which may have missed the event.
func (e *Engine) pausedByDisk(m *machine, v *vm, conn *connection) bool {
	ctx, cancel := context.WithTimeout(v.ctx, answerPatience)
	defer cancel()
	var state runState
	if err := conn.Execute(ctx, "query-status", nil, &state); err != nil || state.Status != "io-error" {
		return false // an error that lasts ends the connection
	}
	e.config.Logger.Error("paused: its disk can't be written; free some space", "machine", m.id, "dir", e.config.Dir)
	return true
}

// diskFailed logs a BLOCK_IO_ERROR and reports whether it has paused the guest.
func (e *Engine) diskFailed(m *machine, data json.RawMessage) (paused bool) {
	var failure struct {
		Action  string `json:"action"`
		NoSpace bool   `json:"nospace"`
		Reason  string `json:"reason"`
	}
	if err := json.Unmarshal(data, &failure); err != nil {
		return false
	}
	log := e.config.Logger.With("machine", m.id)
	switch {
	case failure.Action != "stop":
		log.Error("the machine's disk failed, its guest got the error", "reason", failure.Reason)
	case failure.NoSpace:
		log.Error("paused: no space left in " + e.config.Dir + "; free some")
	default:
		log.Error("paused: the machine's disk failed", "reason", failure.Reason)
	}
	return failure.Action == "stop"
}

// resume resumes a guest that QEMU had paused, whose write is repeated then.
func (e *Engine) resume(m *machine, v *vm, conn *connection) {
	ctx, cancel := context.WithTimeout(v.ctx, answerPatience)
	defer cancel()
	if err := fault.At(ctx, "qemu.monitor.continue"); err != nil {
		return
	}
	if err := conn.Execute(ctx, "cont", nil, nil); err != nil {
		e.config.Logger.Warn("a paused guest can't go on", "machine", m.id, "error", err)
	}
}
