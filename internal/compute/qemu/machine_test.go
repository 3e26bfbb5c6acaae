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
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/needs"
)

func TestDiskSurvivesStop(t *testing.T) {
	needs.Program(t, "qemu-io", "qemu-utils")
	e, _ := newEngine(t)
	spec := testSpec(65, blankImage(t))
	before, err := os.ReadFile(spec.Image.Path)
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
	if after, err := os.ReadFile(spec.Image.Path); err != nil || string(after) != string(before) {
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
	e, err := Open(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "droplets"), Binary: "no-such-qemu", Metadata: tellID})
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
	wantAdvice(t, e.Create(t.Context(), testSpec(68, compute.Image{Path: image, Format: "raw"})))
	wantEmpty(t, e)
}

func wantAdvice(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "apt-get install qemu-system-x86") {
		t.Errorf("error %v, want advice to install QEMU", err)
	}
}

// TestIsolation looks at what a QEMU started by root is and may do.
func TestIsolation(t *testing.T) {
	e, _ := newEngine(t)
	if !e.isolated {
		needs.Skip(t, "root with the users from 2000000001 on: machines are not isolated here")
	}
	spec := testSpec(69, blankImage(t))
	spec.NIC.Forwards = []compute.Forward{{HostPort: 22, GuestPort: 22}}
	started(t, e, spec)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", qemuOf(t, e, spec.ID).pid))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Uid":        "2000000069 2000000069 2000000069 2000000069",
		"Gid":        "2000000069 2000000069 2000000069 2000000069",
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
	wantProcessLimit(t, qemuOf(t, e, spec.ID).pid)
	folder, err := os.Stat(e.newMachine(spec.ID).dir)
	if err != nil {
		t.Fatal(err)
	}
	if owner := folder.Sys().(*syscall.Stat_t); folder.Mode().Perm() != 0o710 || owner.Uid != 0 || owner.Gid != 2000000069 {
		t.Errorf("the folder is %v of %d:%d", folder.Mode(), owner.Uid, owner.Gid)
	}
}

func wantProcessLimit(t *testing.T, pid int) {
	t.Helper()
	own, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	effective, err := strconv.ParseUint(statusField(string(own), "CapEff"), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	if effective>>unix.CAP_SYS_RESOURCE&1 == 0 {
		t.Log("NEEDS CAP_SYS_RESOURCE: the limit of processes is not tested")
		return
	}
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &limit); err != nil || limit.Max != spareThreads+1 {
		t.Errorf("QEMU's user may have %d processes (%v), want %d", limit.Max, err, spareThreads+1)
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

// TestMovedDataDirectory starts a machine, whose image is in the data
// directory, after that has got another, very long path.
func TestMovedDataDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "before")
	e := openIn(t, dir)
	image := compute.Image{Path: filepath.Join(dir, "image.qcow2"), Format: "qcow2"}
	qemuImg(t, "create", "-f", "qcow2", image.Path, "64M")
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
			return dial(ctx, e.newMachine(id).dir, "metadata.sock")
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

// TestLogsAreBounded recovers a machine whose guest has written much.
func TestLogsAreBounded(t *testing.T) {
	e := openIn(t, t.TempDir())
	spec := testSpec(71, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	m := e.newMachine(spec.ID)
	text := strings.Repeat("a line of the console\n", 1<<17)
	limits := map[string]int64{"console.log": consoleLimit, "qemu.log": qemuLogLimit}
	for name := range limits {
		if err := os.WriteFile(m.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e = closed(t, e)
	recovered(t, e)
	for name, limit := range limits {
		var stat syscall.Stat_t
		if err := syscall.Stat(m.path(name), &stat); err != nil {
			t.Fatal(err)
		}
		if stat.Blocks*512 > limit+64<<10 {
			t.Errorf("%s occupies %d bytes", name, stat.Blocks*512)
		}
	}
	console, err := e.Console(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	if got, err := io.ReadAll(console); err != nil || string(got) != text[len(text)-consoleLimit:] {
		t.Errorf("%d bytes of console, %v", len(got), err)
	}
}
