package qemu

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

func TestCreateRefuses(t *testing.T) {
	e, _ := newEngine(t)
	blank := blankImage(t)
	backed := filepath.Join(t.TempDir(), "backed.qcow2")
	qemuImg(t, "create", "-f", "qcow2", "-b", pathOf(blank), "-F", "qcow2", backed)
	split := filepath.Join(t.TempDir(), "split.qcow2")
	qemuImg(t, "create", "-f", "qcow2", "-o", "data_file="+split+".data", split, "1M")
	large := filepath.Join(t.TempDir(), "large.qcow2")
	qemuImg(t, "create", "-f", "qcow2", large, "2G")
	image := func(path, format string) func(*compute.Spec) {
		return func(s *compute.Spec) { s.Disks[0].Image = imageAt(path, format) }
	}
	for want, spoil := range map[string]func(*compute.Spec){
		"backing file":         image(backed, "qcow2"),
		"external data file":   image(split, "qcow2"),
		"needs a disk of 2 GB": image(large, "qcow2"),
		"no such file":         image(large+".gone", "qcow2"),
		"must be qcow2 or raw": image(large, "vmdk"),
		"not a qcow2 image":    image("/proc/self/exe", "qcow2"),
		"IPv4 address": func(s *compute.Spec) {
			s.Interfaces[0].Address = netip.IPv4Unspecified()
			s.Interfaces[0].Forwards = []compute.Forward{{HostPort: 22, GuestPort: 22}}
		},
		"MAC address": func(s *compute.Spec) { s.Interfaces[0].MAC = "52:54:00:00:01:02:03:04" },
		"ports are from 1": func(s *compute.Spec) {
			s.Interfaces[0].Forwards = []compute.Forward{{HostPort: 22, GuestPort: 65536}}
		},
		"control characters": func(s *compute.Spec) { s.Hostname = "a\nb" },
	} {
		spec := testSpec(66, blank)
		spoil(&spec)
		if err := e.Create(t.Context(), spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		wantState(t, e, spec.ID, compute.Absent)
		wantEmpty(t, e)
	}
}

func wantEmpty(t *testing.T, e *Engine) {
	t.Helper()
	entries, err := os.ReadDir(e.config.Dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("%v is left (%v)", entries, err)
	}
}

func TestCreateWithoutSpace(t *testing.T) {
	if os.Geteuid() != 0 {
		needs.Skip(t, "root: a full file system is mounted")
	}
	image := blankImage(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		needs.Skip(t, "the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	needQEMU(t)
	// The relay lies elsewhere, because it would not fit.
	e, err := Open(t.Context(), Config{Dir: dir, DataDir: t.TempDir(), Images: readImage, Metadata: tellID})
	if err != nil {
		t.Fatal(err)
	}
	recovered(t, e)
	err = e.Create(t.Context(), testSpec(67, image))
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "no space left on "+dir) {
		t.Errorf("error %v, want no space left", err)
	}
	wantEmpty(t, e)
}
