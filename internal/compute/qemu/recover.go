package qemu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/fault"
)

// Recover removes what was half made or half removed, and monitors every QEMU
// that runs. One that does not answer is logged and counts as running: it is
// served as soon as it does, and Stop can end it. What goes wrong with one
// machine is logged and keeps no other from being recovered.
func (e *Engine) Recover(ctx context.Context, notify func(compute.Event)) error {
	e.mu.Lock()
	e.notify = notify
	e.mu.Unlock()
	if err := e.sweepAll(ctx); err != nil {
		return err
	}
	ids, err := e.List(ctx)
	if err != nil {
		return err
	}
	errs := make([]error, len(ids))
	var recovering sync.WaitGroup
	for i, id := range ids {
		recovering.Go(func() { errs[i] = e.recoverOrLog(ctx, id) })
	}
	recovering.Wait()
	return errors.Join(errs...)
}

func (e *Engine) sweepAll(ctx context.Context) error {
	entries, err := os.ReadDir(e.config.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, makingPrefix) || strings.HasPrefix(name, removingPrefix) {
			if err := e.sweep(ctx, filepath.Join(e.config.Dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) recoverOrLog(ctx context.Context, id int64) error {
	err := failed("recover", id, e.recover(ctx, id))
	if err == nil || errors.Is(err, fault.ErrCrash) || ctx.Err() != nil {
		return err
	}
	e.config.Logger.Error("a machine can't be served", "machine", id, "error", err)
	return nil
}

func (e *Engine) recover(ctx context.Context, id int64) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	e.trimLogs(m)
	metadata := e.serveMetadata(ctx, m)
	if errors.Is(metadata, fault.ErrCrash) {
		return metadata
	}
	_, err = e.runningVM(ctx, m)
	return errors.Join(metadata, err)
}
