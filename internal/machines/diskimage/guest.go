package diskimage

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/guest"
)

// guestFile returns an embedded file, which is known to be there.
func guestFile(name string) []byte {
	data, err := guest.Files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return data
}

// guestMode is the mode of an embedded file: embedding does not keep it.
func guestMode(data []byte) fs.FileMode {
	if bytes.HasPrefix(data, []byte("#!")) {
		return 0o755
	}
	return 0o644
}

// copyGuestFiles writes the embedded folder to the folder to.
func copyGuestFiles(folder, to string) error {
	from, err := fs.Sub(guest.Files, folder)
	if err != nil {
		return err
	}
	return fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, path), 0o755)
		}
		data, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), data, guestMode(data))
	})
}

// setModes lets everybody read the whole tree and run its programs, whatever
// the umask was when it was made, and sets the modes of the paths in special.
func setModes(tree string, special map[string]fs.FileMode) error {
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type() == fs.ModeSymlink {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() || info.Mode()&0o100 != 0 {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	})
	if err != nil {
		return err
	}
	for path, mode := range special {
		if err := os.Chmod(filepath.Join(tree, path), mode); err != nil {
			return err
		}
	}
	return nil
}
