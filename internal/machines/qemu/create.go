package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Prefixes of the names of folders whose machines are being made or removed.
// Such folders are ignored, and removed by Recover.
const (
	makingPrefix   = "making-"
	removingPrefix = "removing-"
)

// Create makes the machine's folder under another name and renames it last.
func (e *Engine) Create(ctx context.Context, spec compute.Spec) error {
	m, release, err := e.acquire(ctx, spec.ID)
	if err != nil {
		return failed("create", spec.ID, err)
	}
	defer release()
	exists, err := m.exists()
	switch {
	case err != nil:
	case exists:
		err = e.serveMetadata(ctx, m)
	default:
		err = e.create(ctx, m, spec)
	}
	return failed("create", spec.ID, err)
}

func (e *Engine) create(ctx context.Context, m *machine, spec compute.Spec) error {
	if err := check(spec); err != nil {
		return err
	}
	image, leastGB, err := e.findImage(spec.Disks[0])
	if err != nil {
		return err
	}
	// If the machine's folder was removed from outside, its QEMU may still run and
	// use its address, and the engine still serves a socket that has no name.
	if err := e.stop(ctx, m); err != nil {
		return err
	}
	if err := m.closeMetadata(); err != nil {
		return err
	}
	_, qemuImg, err := e.config.installed()
	if err != nil {
		return err
	}
	making := e.scratch(makingPrefix, spec.ID)
	r := record{Version: recordVersion, Spec: spec, Network: guestNetwork, Disk: diskRecord{Image: image, LeastGB: leastGB}}
	err = e.make(ctx, making, qemuImg, r)
	if err == nil {
		err = e.publish(ctx, m, making)
	}
	if err == nil || errors.Is(err, fault.ErrCrash) {
		return err
	}
	if errors.Is(err, unix.ENOSPC) {
		err = fmt.Errorf("no space left on %s: free some, or put the data directory elsewhere: %w", e.config.Dir, err)
	}
	return errors.Join(err, os.RemoveAll(making))
}

func (e *Engine) scratch(prefix string, id int64) string {
	return filepath.Join(e.config.Dir, prefix+strconv.FormatInt(id, 10))
}

func (e *Engine) make(ctx context.Context, dir, qemuImg string, r record) error {
	if err := fault.At(ctx, "qemu.create.folder"); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if path, err := resolveFolder(r.Disk.Image.Path); err != nil {
		return err
	} else if r.Disk.Image.Path, err = e.relative(path, dir); err != nil {
		return err
	}
	if err := fault.At(ctx, "qemu.create.disk"); err != nil {
		return err
	}
	if err := createDisk(ctx, dir, qemuImg, r.Disk.Image, r.Spec.Disks[0].SizeGB); err != nil {
		return err
	}
	if err := fault.At(ctx, "qemu.create.record"); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, "machine.json"), r); err != nil {
		return err
	}
	return e.handOver(ctx, dir, r.Spec.ID)
}

// resolveFolder resolves the symbolic links in a path, except in its last element.
func resolveFolder(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(folder, filepath.Base(path)), err
}

// relative returns how to reach a file from a machine's folder: by a relative
// path if it lies in the data directory, which may be moved as a whole.
func (e *Engine) relative(path, dir string) (string, error) {
	inside, err := filepath.Rel(e.config.DataDir, path)
	if err != nil || !filepath.IsLocal(inside) {
		return path, nil
	}
	return filepath.Rel(dir, path)
}

// handOver makes the machine's user the owner of the files that its QEMU writes
// to, and lets that user pass through the folder. The user can't make or remove
// files there, so the engine can trust the names. Each launch repeats this,
// because the engine may have run as another user before.
func (e *Engine) handOver(ctx context.Context, dir string, id int64) error {
	if err := fault.At(ctx, "qemu.machine.owner"); err != nil {
		return err
	}
	console, err := os.OpenFile(filepath.Join(dir, "console.log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := console.Close(); err != nil {
		return err
	}
	user := e.users.of(id)
	disk := filepath.Join(dir, "disk.qcow2")
	if err := errors.Join(os.Chmod(disk, 0o600), e.give(disk, user)); err != nil {
		return err
	}
	if !e.isolated {
		return nil
	}
	// The metadata may be served already, to the user that the machine had.
	if err := e.give(filepath.Join(dir, "metadata.sock"), user); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Lchown(dir, os.Geteuid(), int(user)); err != nil {
		return err
	}
	return os.Chmod(dir, 0o710)
}

// publish gives a complete folder its final name. It makes the metadata socket
// first, so that nothing can fail after the rename.
func (e *Engine) publish(ctx context.Context, m *machine, making string) error {
	metadata, err := e.openMetadata(ctx, making, m.id)
	if err != nil {
		return err
	}
	if err := e.rename(ctx, making, m.dir); err != nil {
		return errors.Join(err, metadata.Close())
	}
	return m.setMetadata(e, metadata)
}

func (e *Engine) rename(ctx context.Context, making, final string) error {
	if err := flush(making); err != nil {
		return err
	}
	if err := fault.At(ctx, "qemu.create.publish"); err != nil {
		return err
	}
	if err := os.Rename(making, final); err != nil {
		return err
	}
	return flush(e.config.Dir)
}
