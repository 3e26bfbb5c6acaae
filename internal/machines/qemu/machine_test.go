package qemu

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

func TestDiskSurvivesStop(t *testing.T) {
	needs.Program(t, "qemu-io", "qemu-utils")
	e, _ := newEngine(t)
	spec := testSpec(65, blankImage(t))
	before, err := os.ReadFile(pathOf(spec.Disks[0].Image))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	qemuIO(t, e.newMachine(spec.ID).path("disk.qcow2"), "write -P 0x5a 1M 64k")
	for range 2 {
		if err := e.Start(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		if err := e.Stop(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
	}
	qemuIO(t, e.newMachine(spec.ID).path("disk.qcow2"), "read -P 0x5a 1M 64k")
	if after, err := os.ReadFile(pathOf(spec.Disks[0].Image)); err != nil || string(after) != string(before) {
		t.Errorf("the image was changed (%v)", err)
	}
}

func qemuIO(t *testing.T, disk, command string) {
	t.Helper()
	output, err := exec.Command("qemu-io", "-f", "qcow2", "-c", command, disk).CombinedOutput()
	if err != nil || strings.Contains(string(output), "failed") {
		t.Fatalf("qemu-io %s: %v: %s", command, err, output)
	}
}

func TestWithoutQEMU(t *testing.T) {
	e, err := Open(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "droplets"), Binary: "no-such-qemu", Images: readImage, Metadata: tellID})
	if err != nil {
		t.Fatal(err)
	}
	recovered(t, e)
	_, err = e.Capabilities(t.Context())
	wantAdvice(t, err)
	image := filepath.Join(t.TempDir(), "image.raw")
	if err := os.WriteFile(image, make([]byte, 512), 0o600); err != nil {
		t.Fatal(err)
	}
	wantAdvice(t, e.Create(t.Context(), testSpec(68, imageAt(image, "raw"))))
	wantEmpty(t, e)
}

func wantAdvice(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "apt-get install qemu-system-x86") {
		t.Errorf("error %v, want advice to install QEMU", err)
	}
}

// TestIsolation: user, rights and limits of a QEMU that root has started.
func TestIsolation(t *testing.T) {
	e, _ := newEngine(t)
	needIsolation(t, e)
	spec := testSpec(69, blankImage(t))
	spec.Interfaces[0].Forwards = []compute.Forward{{HostPort: 22, GuestPort: 22}}
	started(t, e, spec)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", qemuOf(t, e, spec.ID).PID))
	if err != nil {
		t.Fatal(err)
	}
	user := e.users.of(spec.ID)
	for name, want := range map[string]string{
		"Uid":        fmt.Sprint(user, user, user, user),
		"Gid":        fmt.Sprint(user, user, user, user),
		"Groups":     "",
		"CapPrm":     "0000000000000400", // CAP_NET_BIND_SERVICE
		"CapEff":     "0000000000000400",
		"NoNewPrivs": "1",
		"Seccomp":    "2",
	} {
		if got := statusField(string(status), name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	wantProcessLimit(t, qemuOf(t, e, spec.ID).PID)
	folder, err := os.Stat(e.newMachine(spec.ID).dir)
	if err != nil {
		t.Fatal(err)
	}
	if owner := folder.Sys().(*syscall.Stat_t); folder.Mode().Perm() != 0o710 || owner.Uid != 0 || owner.Gid != user {
		t.Errorf("the folder is %v of %d:%d", folder.Mode(), owner.Uid, owner.Gid)
	}
}

func wantProcessLimit(t *testing.T, pid int) {
	t.Helper()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(spareThreads + 1)
	if fields := strings.Fields(statusField(strings.ReplaceAll(string(limits), "Max processes", "Max processes:"), "Max processes")); len(fields) < 2 || fields[0] != want || fields[1] != want {
		t.Errorf("QEMU's user may have %v processes, want %s", fields, want)
	}
}

func statusField(status, name string) string {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "missing"
}

// TestMovedDataDirectory moves a data directory, with an image in it, to a very long
// path and starts a machine there.
func TestMovedDataDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "before")
	e := openIn(t, dir)
	image := imageAt(filepath.Join(dir, "image.qcow2"), "qcow2")
	qemuImg(t, "create", "-f", "qcow2", pathOf(image), "64M")
	spec := testSpec(70, image)
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	e = openIn(t, moved)
	recovered(t, e)
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if got := askMetadata(t, e, spec.ID); got != "70" {
		t.Errorf("the metadata socket answers %q", got)
	}
}

// askMetadata asks for the id at a machine's socket.
func askMetadata(t *testing.T, e *Engine, id int64) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return socket.Dial(ctx, e.newMachine(id).dir, "metadata.sock")
		},
	}}
	response, err := client.Get("http://169.254.169.254/metadata/v1/id")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
