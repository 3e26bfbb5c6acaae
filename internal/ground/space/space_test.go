package space_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/ground/space"
)

const mb = 1 << 20

// small is a file system of 32 MB.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		needs.Skip(t, "root: a small file system is mounted")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		needs.Skip(t, "the right to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func open(t *testing.T, dir string, reserve, least int64) *space.Guard {
	t.Helper()
	g := space.Open(dir, reserve, least, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { g.Close() })
	return g
}

// fill fills the file system until that many bytes are free.
func fill(t *testing.T, dir string, leave int64) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(dir, "ballast"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Fallocate(int(file.Fd()), 0, info.Size(), free(t, dir)-leave); err != nil {
		t.Fatal(err)
	}
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		t.Fatal(err)
	}
	return int64(stat.Bavail) * stat.Bsize
}

// reserved returns how many bytes are allocated to the reserve.
func reserved(t *testing.T, dir string) int64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(filepath.Join(dir, "reserve"), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Blocks * 512
}

func assertReserved(t *testing.T, dir string, want int64) {
	t.Helper()
	if got := reserved(t, dir); got != want {
		t.Errorf("the reserve has %d bytes, want %d", got, want)
	}
}

// Each call releases a piece if the last one has been used up. The last piece
// remains for the start of the next process.
func TestTheReserveIsReleasedAsNeeded(t *testing.T) {
	dir := small(t)
	g := open(t, dir, 16*mb, 4*mb)
	assertReserved(t, dir, 16*mb)
	g.FreeSpace(false)
	assertReserved(t, dir, 16*mb) // there is free space
	for left := int64(15); left > 0; left-- {
		fill(t, dir, 0)
		g.FreeSpace(false)
		assertReserved(t, dir, left*mb)
		g.FreeSpace(false)
		assertReserved(t, dir, left*mb) // there is free space again
	}
	fill(t, dir, 0)
	g.FreeSpace(true)
	assertReserved(t, dir, mb)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, 16*mb, 4*mb)
	assertReserved(t, dir, 0)
	if n := free(t, dir); n != mb {
		t.Errorf("%d bytes are free after a start, want %d", n, mb)
	}
}

// After a write that found the disk full, a piece is released although the file
// system reports free space.
func TestAPieceIsReleasedWhenAWriteFoundTheDiskFull(t *testing.T) {
	dir := small(t)
	g := open(t, dir, 16*mb, 4*mb)
	g.FreeSpace(true)
	assertReserved(t, dir, 15*mb)
}

// A process refills the reserve that an earlier one has released, if enough space
// remains free, and shrinks a reserve that is larger than its own.
func TestTheNextProcessRefillsTheReserve(t *testing.T) {
	dir := small(t)
	g := open(t, dir, 16*mb, 4*mb)
	g.FreeSpace(true)
	fill(t, dir, 5*mb-4096)
	g.Close()
	open(t, dir, 16*mb, 4*mb).Close()
	assertReserved(t, dir, 15*mb)
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	open(t, dir, 16*mb, 4*mb).Close()
	assertReserved(t, dir, 16*mb)
	open(t, dir, 8*mb, 4*mb)
	assertReserved(t, dir, 8*mb)
}

func TestCheck(t *testing.T) {
	dir := small(t)
	g := open(t, dir, 8*mb, 4*mb)
	if err := g.Check(); err != nil {
		t.Errorf("with 24 MB: %v", err)
	}
	fill(t, dir, 4*mb)
	if err := g.Check(); err != nil {
		t.Errorf("with as much as must be free: %v", err)
	}
	fill(t, dir, 3*mb)
	if err := g.Check(); apierr.KindOf(err) != apierr.KindRefused ||
		!strings.Contains(err.Error(), "3 MB are free") || !strings.Contains(err.Error(), "needs 4 MB") {
		t.Errorf("with 3 MB: %v", err)
	}
}

// Without its folder there is no reserve, and FreeSpace does nothing.
func TestNoReserve(t *testing.T) {
	g := open(t, filepath.Join(t.TempDir(), "none"), mb, 0)
	g.FreeSpace(true)
	if err := g.Check(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want %v", err, os.ErrNotExist)
	}
	var none *space.Guard
	none.FreeSpace(true)
	if err := errors.Join(none.Check(), none.Close()); err != nil {
		t.Error(err)
	}
}
