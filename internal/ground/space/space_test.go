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

// fill leaves so many bytes free.
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

// held returns the bytes that the reserve really takes.
func held(t *testing.T, dir string) int64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(filepath.Join(dir, "reserve"), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Blocks * 512
}

func assertHeld(t *testing.T, dir string, want int64) {
	t.Helper()
	if got := held(t, dir); got != want {
		t.Errorf("the reserve has %d bytes, want %d", got, want)
	}
}

// The reserve is given up piece by piece, as somebody uses up what is given up,
// but for the last one, which the next process starts by.
func TestTheReserveIsGivenUpAsNeeded(t *testing.T) {
	dir := small(t)
	g := open(t, dir, 16*mb, 4*mb)
	assertHeld(t, dir, 16*mb)
	g.MakeRoom(false)
	assertHeld(t, dir, 16*mb) // there is room
	for left := int64(15); left > 0; left-- {
		fill(t, dir, 0)
		g.MakeRoom(false)
		assertHeld(t, dir, left*mb)
		g.MakeRoom(false)
		assertHeld(t, dir, left*mb) // there is room again
	}
	fill(t, dir, 0)
	g.MakeRoom(true)
	assertHeld(t, dir, mb)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, 16*mb, 4*mb)
	assertHeld(t, dir, 0)
	if n := free(t, dir); n != mb {
		t.Errorf("%d bytes are free after a start, want %d", n, mb)
	}
}

// Whoever found no room gets a piece, whatever the file system says is free.
func TestAPieceForWhoFoundNoRoom(t *testing.T) {
	dir := small(t)
	g := open(t, dir, 16*mb, 4*mb)
	g.MakeRoom(true)
	assertHeld(t, dir, 15*mb)
}

// A process takes the reserve again that an earlier one has given up, if what
// must be free remains so, and takes no more than is wanted.
func TestTheReserveIsTakenAgain(t *testing.T) {
	dir := small(t)
	g := open(t, dir, 16*mb, 4*mb)
	g.MakeRoom(true)
	fill(t, dir, 5*mb-4096)
	g.Close()
	open(t, dir, 16*mb, 4*mb).Close()
	assertHeld(t, dir, 15*mb)
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	open(t, dir, 16*mb, 4*mb).Close()
	assertHeld(t, dir, 16*mb)
	open(t, dir, 8*mb, 4*mb)
	assertHeld(t, dir, 8*mb)
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

// Without a folder for it there is no reserve, and nobody fails for that.
func TestNoReserve(t *testing.T) {
	g := open(t, filepath.Join(t.TempDir(), "none"), mb, 0)
	g.MakeRoom(true)
	if err := g.Check(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want %v", err, os.ErrNotExist)
	}
	var none *space.Guard
	none.MakeRoom(true)
	if err := errors.Join(none.Check(), none.Close()); err != nil {
		t.Error(err)
	}
}
