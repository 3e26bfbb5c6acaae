package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/digitalocean/godo"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
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

// TestDatabaseFull fills the disk of the database. Existing objects can be
// read, queried and deleted, also after a kill and a start. Creates are
// rejected with an explanation. Everything works again once there is space.
func TestDatabaseFull(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	mountTmpfs(t, data, "32m")
	s := rockpooltest.NewIn(t, data, "--compute", "simulated", "--disk-reserve", "8", "--least-free", "4")
	s.Start()
	var ids []int
	for i := range 6 {
		ids = append(ids, s.Up(micro(fmt.Sprint("web-", i))).ID)
	}
	domains := s.Client().Domains
	if _, _, err := domains.Create(t.Context(), &godo.DomainCreateRequest{Name: "example.com", IPAddress: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(data, "ballast")
	for _, end := range []func(){s.Kill, s.Stop, s.Kill} {
		fill(t, ballast)
		_, response, err := s.Client().Droplets.Create(t.Context(), micro("too-much"))
		if err == nil || response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), "disk is almost full") {
			t.Errorf("a create on a full disk: %v", err)
		}
		if _, _, err := s.Client().Droplets.List(t.Context(), nil); err != nil {
			t.Errorf("a list on a full disk: %v", err)
		}
		s.Act(ids[0], "power_cycle", "active")
		s.Delete(ids[0])
		ids = ids[1:]
		end()
		fill(t, ballast)
		s.Start()
		assertAnswers(t, s, "example.com.", "192.0.2.1")
	}
	if _, err := domains.Delete(t.Context(), "example.com"); err != nil {
		t.Errorf("delete the domain: %v", err)
	}
	if n := s.LogCount("cannot rollback"); n > 0 {
		t.Errorf("the log has %d lines of transactions that could not be rolled back", n)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	if info, err := os.Stat(filepath.Join(data, "reserve")); err != nil || info.Size() != 8<<20 {
		t.Errorf("the reserve with space again: %v, %v", info, err)
	}
	s.Up(micro("fits"))
	s.DeleteAll()
}

// assertAnswers queries the name server for the address of a name.
func assertAnswers(t *testing.T, s *rockpooltest.Server, name, want string) {
	t.Helper()
	question := new(dns.Msg).SetQuestion(name, dns.TypeA)
	answer, err := dns.Exchange(question, s.DNS())
	if err != nil || len(answer.Answer) != 1 || !strings.HasSuffix(answer.Answer[0].String(), want) {
		t.Errorf("%s is answered %v, %v; want %s", name, answer, err, want)
	}
}

// mountTmpfs mounts a file system of that size. It is unmounted after the end
// of the server that the test creates next.
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

// fill writes a file that takes all free space.
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
