package imagetest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/guest"
)

// hashRecipe returns a short hash of the sources in dir and of the guest's
// files. Those are hashed as they are in this program, which will build the
// image, because in the checkout they may have been edited since.
func hashRecipe(dir string, sources []string, files string) (string, error) {
	hash := sha256.New()
	err := errors.Join(
		hashFiles(hash, os.DirFS(dir), sources...),
		hashFiles(hash, guest.Files, files),
	)
	return hex.EncodeToString(hash.Sum(nil))[:12], err
}

// hashFiles adds files and folders, by name and content.
func hashFiles(hash io.Writer, from fs.FS, names ...string) error {
	for _, name := range names {
		err := fs.WalkDir(from, name, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := fs.ReadFile(from, path)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(hash, "%s %d\n%s", path, len(data), data)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moduleRoot is the folder of go.mod above the working folder, in which go test
// runs a test.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working folder")
		}
		dir = parent
	}
}
