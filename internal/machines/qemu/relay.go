package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// relayFrom returns the relay's path relative to a machine's folder. It installs
// the relay if that failed when the engine was opened, or if the file was removed
// since.
func (e *Engine) relayFrom(ctx context.Context, dir string) (string, error) {
	if _, err := e.relay.wait(ctx); ctx.Err() != nil {
		return "", context.Cause(ctx)
	} else if errors.Is(err, fault.ErrCrash) {
		return "", err
	}
	path, err := e.installRelay(ctx)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(dir, path)
	if err != nil {
		return "", err
	}
	installed, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	// Not filepath.Join, which removes ".." even after a symbolic link.
	reached, err := os.Stat(dir + "/" + relative)
	if err != nil || !os.SameFile(installed, reached) {
		return "", fmt.Errorf("%s does not lead from %s to %s: the machine's folder must not be a symbolic link", relative, dir, path)
	}
	return relative, nil
}

// installRelay puts the relay's program into the data directory, where QEMU's
// user can reach it from the machine's folder, and returns its path there.
func (e *Engine) installRelay(ctx context.Context) (string, error) {
	e.installing.Lock()
	defer e.installing.Unlock()
	path := filepath.Join(e.binDir(), "rockpool")
	if err := install(ctx, e.config.Relay, path); err != nil {
		return "", fmt.Errorf("put this program into %s for the guests' metadata: %w", e.binDir(), err)
	}
	return path, nil
}

// install makes target the same program as source: a hard link where that is
// possible and can be run by every user, else a copy.
func install(ctx context.Context, source, target string) error {
	source, err := filepath.EvalSymlinks(source)
	if err != nil {
		return err
	}
	from, err := os.Stat(source)
	if err != nil {
		return err
	}
	if to, err := os.Stat(target); err == nil && same(from, to) {
		return nil
	}
	if err := fault.At(ctx, "qemu.open.relay"); err != nil {
		return err
	}
	temp := target + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if from.Mode().Perm()&0o005 != 0o005 || os.Link(source, temp) != nil {
		if err := copyProgram(source, temp, from); err != nil {
			return err
		}
	}
	return os.Rename(temp, target)
}

// same reports whether the file is a link to the source, or a copy: then it has
// the same size and time.
func same(from, to os.FileInfo) bool {
	return os.SameFile(from, to) && to.Mode().Perm()&0o005 == 0o005 ||
		from.Size() == to.Size() && from.ModTime().Equal(to.ModTime()) && to.Mode().Perm() == 0o755
}

func copyProgram(source, target string, info os.FileInfo) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := unix.Fchmod(int(out.Fd()), 0o755); err != nil { // whatever the umask
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Chtimes(target, info.ModTime(), info.ModTime())
}
