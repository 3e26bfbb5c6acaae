package qemu

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// Recover removes folders that are incomplete, and monitors every QEMU that runs.
// A QEMU that does not answer is logged and counts as running: the engine serves
// it as soon as it answers, and Stop can end it. If recovering one machine fails,
// that is logged, and the others are recovered.
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
	found := e.processes()
	ids = slices.AppendSeq(ids, maps.Keys(found)) // also those without a folder
	slices.Sort(ids)
	ids = slices.Compact(ids)
	errs := make([]error, len(ids))
	var recovering sync.WaitGroup
	for i, id := range ids {
		recovering.Go(func() { errs[i] = e.recoverOrLog(ctx, id, found[id]) })
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

func (e *Engine) recoverOrLog(ctx context.Context, id int64, pids []int) error {
	err := failed("recover", id, e.recover(ctx, id, pids))
	if err == nil || errors.Is(err, fault.ErrCrash) || ctx.Err() != nil {
		return err
	}
	e.config.Logger.Error("a machine can't be served", "machine", id, "error", err)
	return nil
}

// recover monitors the machine's QEMU, which may be one of those processes.
func (e *Engine) recover(ctx context.Context, id int64, pids []int) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	exists, err := m.exists()
	if err != nil {
		return err
	}
	var metadata error
	if exists {
		metadata = e.serveMetadata(ctx, m)
	} else {
		e.config.Logger.Warn("a machine runs whose folder is gone; it can only be stopped", "machine", id, "dir", m.dir)
	}
	if errors.Is(metadata, fault.ErrCrash) {
		return metadata
	}
	_, err = e.findVM(ctx, m, func() *proc.Process { return e.open(id, pids) })
	return errors.Join(metadata, err)
}
