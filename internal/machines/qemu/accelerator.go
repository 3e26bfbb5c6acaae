package qemu

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/accel"
)

func (e *Engine) chooseAccelerator(ctx context.Context) (accel.Result, error) {
	if e.config.Accelerator.Accelerator != "" {
		return e.config.Accelerator, nil
	}
	binary, _, err := e.config.installed()
	if err != nil {
		return accel.Result{}, err
	}
	result, err := accel.Probe{Binary: binary}.Find(ctx)
	if err == nil {
		e.config.Logger.Info("accelerator chosen", "accelerator", result.Accelerator, "reason", result.Reason)
	}
	return result, err
}
