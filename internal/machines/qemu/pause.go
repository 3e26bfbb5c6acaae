package qemu

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/qmp"
)

// QEMU pauses a guest whose write finds no space on the host, and continues
// the write when the guest is let go on. (docs/interop/qemu-qmp-ref,
// BLOCK_IO_ERROR and RunState.)

// runState is the answer to query-status.
type runState struct {
	Running bool   `json:"running"`
	Status  string `json:"status"`
}

// errEnding means that QEMU will end very soon: its guest has powered off.
var errEnding = errors.New("QEMU is ending")

// ensureRunning lets a guest run that was paused.
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

// pausedByDisk tells whether the guest was paused before there was a connection
// to hear of it.
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

// diskFailed tells whether a BLOCK_IO_ERROR has paused the guest.
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
		log.Error("the machine's disk failed, its guest was told", "reason", failure.Reason)
	case failure.NoSpace:
		log.Error("paused: no space left in " + e.config.Dir + "; free some")
	default:
		log.Error("paused: the machine's disk failed", "reason", failure.Reason)
	}
	return failure.Action == "stop"
}

// goOn lets a guest try again that the disk had paused.
func (e *Engine) goOn(m *machine, v *vm, conn *connection) {
	ctx, cancel := context.WithTimeout(v.ctx, answerPatience)
	defer cancel()
	if err := fault.At(ctx, "qemu.monitor.continue"); err != nil {
		return
	}
	if err := conn.Execute(ctx, "cont", nil, nil); err != nil {
		e.config.Logger.Warn("a paused guest can't go on", "machine", m.id, "error", err)
	}
}
