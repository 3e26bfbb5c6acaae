package qemu

import (
	"context"
	"errors"
	"os"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// Destroy stops the machine and renames its folder before it removes what is in
// it, so that no incomplete folder ever has a machine's name.
func (e *Engine) Destroy(ctx context.Context, id int64) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return failed("destroy", id, err)
	}
	defer release()
	return failed("destroy", id, e.destroy(ctx, m))
}

func (e *Engine) destroy(ctx context.Context, m *machine) error {
	if err := e.stop(ctx, m); err != nil {
		return err
	}
	if err := m.closeMetadata(); err != nil {
		return err
	}
	removing := e.scratch(removingPrefix, m.id)
	exists, err := m.exists()
	if err != nil {
		return err
	}
	if exists {
		if err := e.unpublish(ctx, m, removing); err != nil {
			return err
		}
	}
	return e.sweep(ctx, removing, e.scratch(makingPrefix, m.id))
}

func (e *Engine) unpublish(ctx context.Context, m *machine, removing string) error {
	if err := e.sweep(ctx, removing); err != nil {
		return err
	}
	if err := fault.At(ctx, "qemu.destroy.unpublish"); err != nil {
		return err
	}
	if err := os.Rename(m.dir, removing); err != nil {
		return err
	}
	return flush(e.config.Dir)
}

// sweep removes folders of machines that are being made or removed.
func (e *Engine) sweep(ctx context.Context, folders ...string) error {
	for _, folder := range folders {
		if _, err := os.Lstat(folder); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := fault.At(ctx, "qemu.destroy.remove"); err != nil {
			return err
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}
