package diskimage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// scratchLink is the name of the symbolic link, in a folder made by makeLockedFolder,
// to the folder with mmdebstrap's temporary files.
const scratchLink = "scratch"

// mmdebstrap runs it with that folder for its temporary files.
func mmdebstrap(ctx context.Context, c command) error {
	scratch, err := makeScratch(ctx, c.dir)
	if err != nil {
		return fmt.Errorf("making a folder for mmdebstrap: %w", err)
	}
	c.name = "mmdebstrap"
	c.env = append(c.env, "TMPDIR="+scratch)
	return c.run(ctx)
}

// makeScratch makes a folder that other users can reach: apt's own user and,
// without root, the users of mmdebstrap's user namespace. They may have no access to
// dir and the folders above it.
func makeScratch(ctx context.Context, dir string) (string, error) {
	if err := fault.At(ctx, "diskimage.scratch"); err != nil {
		return "", err
	}
	path, err := filepath.Abs(filepath.Join(os.TempDir(), "rockpool-"+rand.Text()))
	if err != nil {
		return "", err
	}
	// The link is made before the folder, so that removeFolder finds the folder.
	if err := os.Symlink(path, filepath.Join(dir, scratchLink)); err != nil {
		return "", err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", err
	}
	return path, os.Chmod(path, 0o777|fs.ModeSticky)
}

// removeFolder removes a folder made by makeLockedFolder, and the one that it links
// to before the link.
func removeFolder(ctx context.Context, dir string) error {
	scratch, err := os.Readlink(filepath.Join(dir, scratchLink))
	if err == nil {
		err = removeScratch(ctx, scratch)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

func removeScratch(ctx context.Context, path string) error {
	err := os.RemoveAll(path)
	if !errors.Is(err, fs.ErrPermission) || os.Geteuid() == 0 {
		return err
	}
	// Without root, a killed mmdebstrap leaves files of the users of its namespace.
	// Only these users may remove them, and only this process the folder.
	helperErr := run(ctx, "/", "mmdebstrap", "--unshare-helper", "rm", "-rf", path)
	if err := os.RemoveAll(path); err != nil {
		return errors.Join(err, helperErr)
	}
	return nil
}
