// Package imagetest gives tests real disk images, which are built once and cached.
package imagetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage"
)

// Micro returns the path of the micro image, or skips the test.
func Micro(tb testing.TB) string {
	tb.Helper()
	return get(tb, "micro", "micro", diskimage.Micro{},
		"micro.go", "microroot.go", "modules.go", "programs.go", "cpio.go",
		"guest.go", "disk.go", "grub.go", "mke2fs.conf")
}

// Debian12 returns the path of the Debian 12 image, or skips the test.
func Debian12(tb testing.TB) string {
	tb.Helper()
	return get(tb, "debian-12-x64", "debian", diskimage.Debian{Suite: "bookworm"},
		"debian.go", "guest.go", "disk.go", "grub.go", "mke2fs.conf")
}

// get returns the image in the cache. It builds the image if there is none, or if
// the recipe has changed. The recipe is the guest's files and the sources of
// package diskimage that determine the image's content. Only one test process
// builds at a time.
func get(tb testing.TB, name, files string, source diskimage.Source, recipe ...string) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	hash, err := hashRecipe(filepath.Join(root, "internal", "machines", "diskimage"), recipe, files)
	if err != nil {
		tb.Fatalf("hashing the recipe of the %s image: %v", name, err)
	}
	dir := os.Getenv("ROCKPOOL_TEST_IMAGES")
	if dir == "" {
		dir = filepath.Join(root, ".cache", "images")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		tb.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		tb.Fatalf("locking %s: %v", lock.Name(), err)
	}
	path := filepath.Join(dir, name+"-"+hash+".qcow2")
	if _, err := os.Stat(path); err == nil {
		return path
	} else if !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	if err := source.Check(tb.Context()); err != nil {
		needs.Skip(tb, "%v", err)
	}
	if err := removeOld(dir, name); err != nil {
		tb.Fatalf("removing old images: %v", err)
	}
	if err := source.Get(tb.Context(), path, func(s string) { tb.Logf("%s: %s", name, s) }); err != nil {
		tb.Fatal(err)
	}
	return path
}

// removeOld removes images of earlier recipes that no running test can use.
func removeOld(dir, name string) error {
	old, err := filepath.Glob(filepath.Join(dir, name+"-*.qcow2"))
	if err != nil {
		return err
	}
	for _, path := range old {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if time.Since(info.ModTime()) < 24*time.Hour {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
