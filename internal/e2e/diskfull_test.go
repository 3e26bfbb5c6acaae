package e2e

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/digitalocean/godo"

	"github.com/rockpool-cloud/rockpool/internal/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/e2e/rockpooltest"
	"github.com/rockpool-cloud/rockpool/internal/needs"
)

// TestDiskFull creates a droplet where its disk has no room.
func TestDiskFull(t *testing.T) {
	needMachines(t)
	data := t.TempDir()
	resize := mountTmpfs(t, filepath.Join(data, "droplets"), "64k")
	s := rockpooltest.NewIn(t, data)
	s.PlaceImage("micro", imagetest.Micro(t))
	s.Start()
	key := s.NewKey("laptop")
	id, action := s.Create(micro("too-much"))
	a := s.Ended(action, rockpooltest.Patience)
	if a.Status != "errored" || !strings.Contains(a.Error, "no space left") {
		t.Errorf("the create is %s: %q; want an error that says that no space is left", a.Status, a.Error)
	}
	s.AssertGone(id)
	s.AssertEmpty()

	resize("1g")
	d := s.Up(micro("fits", key))
	expect(t, s.Login(d.ID, key, bootLimit), "hostname", "fits")
	s.Delete(d.ID)
}

// TestDatabaseFull creates droplets where not even the database has room: each
// is refused, or fails as an action.
func TestDatabaseFull(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	mountTmpfs(t, data, "16m")
	s := rockpooltest.NewIn(t, data, "--compute", "simulated", "--droplet-limit", "1000")
	s.Start()
	ballast := filepath.Join(data, "ballast")
	fill(t, ballast)
	refusals := 0
	for range 100 {
		_, response, err := s.Client().Droplets.Create(t.Context(), micro("too-much"))
		if err == nil {
			continue
		}
		refusals++
		answer := new(godo.ErrorResponse)
		if !errors.As(err, &answer) || response.StatusCode < http.StatusInternalServerError {
			t.Fatalf("a create without space was answered %v", err)
		}
	}
	if refusals == 0 {
		t.Fatal("all creates were accepted, so nothing was tested")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.Await(rockpooltest.Patience, "all actions to end", s.Idle)
	last := s.Up(micro("fits"))
	if last.Status != "active" {
		t.Errorf("with space again the droplet is %s", last.Status)
	}
	s.DeleteAll()
}

// mountTmpfs makes a file system of that size. It goes away after the server
// that is made next.
func mountTmpfs(t *testing.T, dir, size string) (resize func(size string)) {
	t.Helper()
	if os.Geteuid() != 0 {
		needs.Skip(t, "root: a small file system is mounted")
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=711,size="+size); err != nil {
		needs.Skip(t, "the right to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return func(size string) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "mode=711,size="+size); err != nil {
			t.Fatal(err)
		}
	}
}

// fill writes a file that takes all space there is.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
