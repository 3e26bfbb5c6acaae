package diskimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// imageFile is the name of the finished image inside the temporary folder.
const imageFile = "image.qcow2"

// place calls build, which makes imageFile in a temporary folder beside dest. When
// the file is on the disk place renames it to dest.
func place(ctx context.Context, dest string, build func(ctx context.Context, dir string) error) (err error) {
	dest, err = filepath.Abs(dest)
	if err != nil {
		return err
	}
	if err := fault.At(ctx, "diskimage.leftovers"); err != nil {
		return err
	}
	if err := removeLeftovers(ctx, dest); err != nil {
		return fmt.Errorf("removing what an earlier build of %s left: %w", dest, err)
	}
	if err := fault.At(ctx, "diskimage.folder"); err != nil {
		return err
	}
	dir, lock, err := makeLockedFolder(dest)
	if err != nil {
		return fmt.Errorf("making a folder to build %s in: %w", dest, err)
	}
	defer func() {
		if !errors.Is(err, fault.ErrCrash) {
			err = errors.Join(err, removeFolder(context.WithoutCancel(ctx), dir))
		}
		err = errors.Join(err, lock.Close())
	}()
	if err := build(ctx, dir); err != nil {
		if ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
			return errors.Join(context.Cause(ctx), err)
		}
		return err
	}
	return publish(ctx, filepath.Join(dir, imageFile), dest)
}

// prefix of the names of all temporary folders for dest.
func prefix(dest string) string {
	return "." + filepath.Base(dest) + ".partial-"
}

// makeLockedFolder makes a temporary folder and locks it as long as lock is open. A
// folder without a lock is a leftover.
func makeLockedFolder(dest string) (dir string, lock *os.File, err error) {
	for {
		dir, err = os.MkdirTemp(filepath.Dir(dest), prefix(dest)+"*")
		if err != nil {
			return "", nil, err
		}
		lock, err = lockFolder(dir)
		if err == nil {
			return dir, lock, nil
		}
		// Before it is locked, another Get may take the folder for a leftover and
		// remove it. Then this one makes another.
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EWOULDBLOCK) {
			return "", nil, errors.Join(err, os.Remove(dir))
		}
	}
}

// lockFolder opens dir and locks it, or fails with syscall.EWOULDBLOCK if
// another process has it, and fs.ErrNotExist if it is gone.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// removeLeftovers removes the temporary folders for dest that are not locked.
func removeLeftovers(ctx context.Context, dest string) error {
	entries, err := os.ReadDir(filepath.Dir(dest))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix(dest)) {
			continue
		}
		dir := filepath.Join(filepath.Dir(dest), e.Name())
		lock, err := lockFolder(dir)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(removeFolder(ctx, dir), lock.Close()); err != nil {
			return err
		}
	}
	return nil
}

// publish renames file to dest. Whatever happens, dest is never incomplete.
func publish(ctx context.Context, file, dest string) error {
	if err := syncPath(file); err != nil {
		return fmt.Errorf("writing %s to the disk: %w", dest, err)
	}
	if err := fault.At(ctx, "diskimage.rename"); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := os.Rename(file, dest); err != nil {
		return fmt.Errorf("putting the image in its place: %w", err)
	}
	return syncPath(filepath.Dir(dest))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
