package qemu

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/enginetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/accel"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

const patience = 60 * time.Second // for one thing to happen on a busy host

// TestContractWithoutGuest runs on machines whose disk is empty: they stay in
// the firmware and ignore Shutdown.
func TestContractWithoutGuest(t *testing.T) {
	enginetest.Run(t, openForContract, enginetest.Options{
		Image:    blankImage(t),
		Deadline: patience,
		Crash:    killQEMU,
		Seen:     askQEMU,
	})
}

func TestContractWithGuest(t *testing.T) {
	needQEMU(t)
	needs.Time(t)
	enginetest.Run(t, openForContract, enginetest.Options{
		Image:    imageAt(imagetest.Micro(t), "qcow2"),
		MemoryMB: 256,
		Deadline: patience,
		Obeys:    true,
		Crash:    killQEMU,
		Seen:     askQEMU,
	})
}

func openForContract(t *testing.T) (compute.Engine, func() compute.Engine) {
	dir := t.TempDir()
	e := openIn(t, dir)
	return e, func() compute.Engine {
		// Close frees what the end of a process would.
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = openIn(t, dir)
		return e
	}
}

func needQEMU(t testing.TB) {
	t.Helper()
	needs.Program(t, "qemu-system-x86_64", "qemu-system-x86")
	needs.Program(t, "qemu-img", "qemu-utils")
}

// openIn opens an engine that uses TCG, so that no test waits for a probe.
func openIn(t testing.TB, dir string) *Engine {
	t.Helper()
	needQEMU(t)
	e, err := Open(t.Context(), Config{
		Dir:         filepath.Join(dir, "droplets"),
		Images:      readImage,
		Metadata:    tellID,
		Accelerator: accel.Result{Accelerator: accel.TCG, Reason: "set by a test"},
		Logger:      slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// tellID answers like a droplet's metadata, as far as the micro image needs it. All
// other values are empty.
func tellID(id int64) http.Handler {
	answers := map[string]string{
		"/metadata/v1/id":       fmt.Sprint(id),
		"/metadata/v1/hostname": "test",
	}
	for name, value := range map[string]string{"address": "172.16.254.15", "netmask": "255.255.255.0", "gateway": "172.16.254.2"} {
		answers["/metadata/v1/interfaces/public/0/ipv4/"+name] = value
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, answers[r.URL.Path])
	})
}

// newEngine opens an engine, recovers it, and destroys all machines at the end.
func newEngine(t testing.TB) (*Engine, <-chan compute.Event) {
	e := openIn(t, t.TempDir())
	return e, recovered(t, e)
}

func recovered(t testing.TB, e *Engine) <-chan compute.Event {
	t.Helper()
	events := make(chan compute.Event, 16)
	if err := e.Recover(t.Context(), func(event compute.Event) { events <- event }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { destroyAll(t, e) })
	return events
}

func destroyAll(t testing.TB, e *Engine) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ids, err := e.List(ctx)
	if err != nil {
		t.Error(err)
	}
	for _, id := range ids {
		if err := e.Destroy(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// blankImage is a disk with nothing on it, where no other file lies.
func blankImage(t testing.TB) compute.Image {
	t.Helper()
	needQEMU(t)
	path := filepath.Join(t.TempDir(), "blank.qcow2")
	qemuImg(t, "create", "-f", "qcow2", path, "64M")
	return imageAt(path, "qcow2")
}

// imageAt names an image by its file, for readImage.
func imageAt(path, format string) compute.Image { return compute.Image(format + ":" + path) }

func readImage(image compute.Image) (ImageFile, error) {
	format, path, _ := strings.Cut(string(image), ":")
	return ImageFile{Path: path, Format: format}, nil
}

func pathOf(image compute.Image) string {
	file, _ := readImage(image)
	return file.Path
}

func qemuImg(t testing.TB, args ...string) {
	t.Helper()
	if output, err := exec.Command("qemu-img", args...).CombinedOutput(); err != nil {
		t.Fatalf("qemu-img %v: %v: %s", args, err, output)
	}
}

func testSpec(id int64, image compute.Image) compute.Spec {
	return compute.Spec{
		ID: id, Hostname: "test", VCPUs: 1, MemoryMB: 128, Disks: []compute.Disk{{SizeGB: 1, Image: image}},
		Interfaces: []compute.Interface{{
			MAC: fmt.Sprintf("52:54:00:00:01:%02x", byte(id)), Address: netip.AddrFrom4([4]byte{127, 211, 8, byte(id)}),
		}},
	}
}

// started creates and starts a machine.
func started(t testing.TB, e *Engine, spec compute.Spec) {
	t.Helper()
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
}

func wantState(t testing.TB, e *Engine, id int64, want compute.State) {
	t.Helper()
	if got, err := e.State(t.Context(), id); err != nil || got != want {
		t.Fatalf("machine %d is %s (%v), want %s", id, got, err, want)
	}
}

// qemuOf finds the machine's process as an outsider would.
func qemuOf(t testing.TB, e *Engine, id int64) *proc.Process {
	t.Helper()
	p, err := e.newMachine(id).findProcess()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// askQEMU asks the machine's QEMU what its guest has.
func askQEMU(t *testing.T, engine compute.Engine, id int64) compute.Spec {
	t.Helper()
	v := engine.(*Engine).machine(id).monitored()
	if v == nil {
		t.Fatalf("machine %d does not run", id)
	}
	conn, err := v.connection(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var memory struct {
		Bytes int64 `json:"base-memory"`
	}
	var processors []struct{}
	var drives []struct {
		Inserted struct {
			Image struct {
				Bytes int64 `json:"virtual-size"`
			} `json:"image"`
		} `json:"inserted"`
	}
	for command, answer := range map[string]any{
		"query-memory-size-summary": &memory, "query-cpus-fast": &processors, "query-block": &drives,
	} {
		if err := conn.Execute(t.Context(), command, nil, answer); err != nil {
			t.Fatal(err)
		}
	}
	spec := compute.Spec{ID: id, VCPUs: len(processors), MemoryMB: int(memory.Bytes >> 20)}
	for _, drive := range drives {
		spec.Disks = append(spec.Disks, compute.Disk{SizeGB: int(drive.Inserted.Image.Bytes >> 30)})
	}
	return spec
}

func killQEMU(t *testing.T, engine compute.Engine, id int64) {
	t.Helper()
	if err := syscall.Kill(qemuOf(t, engine.(*Engine), id).PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
