package qemu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qcow2"
)

// recordOf is the current form of the records of earlier versions in testdata.
func recordOf(network compute.Guest) record {
	return record{
		Version: recordVersion,
		Spec: compute.Spec{
			ID: 7, Hostname: "web-1", VCPUs: 2, MemoryMB: 512,
			Disks: []compute.Disk{{SizeGB: 10}},
			Interfaces: []compute.Interface{{
				MAC: "06:00:00:00:00:07", Address: netip.MustParseAddr("127.18.0.7"),
				Forwards: []compute.Forward{{HostPort: 2222, GuestPort: 22}},
			}},
		},
		Network: network,
		Disk:    diskRecord{Image: ImageFile{Path: "../../images/micro.qcow2", Format: "qcow2"}, LeastGB: 10},
	}
}

func TestRecordsOfEarlierVersions(t *testing.T) {
	other := compute.Guest{
		Address: netip.MustParsePrefix("172.20.0.9/24"), Gateway: netip.MustParseAddr("172.20.0.1"),
		Nameservers: []netip.Addr{netip.MustParseAddr("172.20.0.2")},
	}
	for file, network := range map[string]compute.Guest{"machine-1.json": linkLocalNetwork, "machine-2.json": other} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseRecord(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if diff := cmp.Diff(recordOf(network), got, diffNetworks); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestInvalidRecords(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "JSON",
		"{":                             "JSON",
		"{}":                            "version 0",
		`{"version":4}`:                 "version 4",
		`{"version":3,"spec":{"ID":7}}`: "0 disks and 0 interfaces",
	} {
		if _, err := parseRecord([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want an error with %q", text, err, want)
		}
	}
}

// TestMachineOfEarlierVersion changes and starts a machine whose record is of
// version 2. Its guest may have used all of its disk.
func TestMachineOfEarlierVersion(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(80, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	m := e.newMachine(spec.ID)
	rewriteAsVersion2(t, m)
	smaller, larger := changed(spec, 2, 192, 1), changed(spec, 2, 192, 3)
	if err := e.Change(t.Context(), larger); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if got := askQEMU(t, e, spec.ID); got.NeedsStop(larger) {
		t.Errorf("the guest has %+v, want %+v", got, larger)
	}
	if err := e.Stop(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if err := e.Change(t.Context(), smaller); !errors.Is(err, compute.ErrShrink) {
		t.Errorf("a smaller disk gives %v", err)
	}
}

// rewriteAsVersion2 replaces a machine's record by what version 2 had of it.
func rewriteAsVersion2(t *testing.T, m *machine) {
	t.Helper()
	r, err := m.written()
	if err != nil {
		t.Fatal(err)
	}
	spec := r.Spec
	text, err := json.Marshal(map[string]any{"version": 2, "network": r.Network, "spec": map[string]any{
		"ID": spec.ID, "Hostname": spec.Hostname, "VCPUs": spec.VCPUs, "MemoryMB": spec.MemoryMB, "DiskGB": spec.Disks[0].SizeGB,
		"Image": map[string]any{"Path": r.Disk.Image.Path, "Format": r.Disk.Image.Format}, "NIC": spec.Interfaces[0],
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.path("machine.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func changed(spec compute.Spec, processors, memoryMB, diskGB int) compute.Spec {
	spec.VCPUs, spec.MemoryMB, spec.Disks = processors, memoryMB, []compute.Disk{{SizeGB: diskGB}}
	return spec
}

// TestStartAfterHalfAResize crashes in a change of the disk's size, and then at
// every fault point of the start that completes it.
func TestStartAfterHalfAResize(t *testing.T) {
	dir := t.TempDir()
	e := openIn(t, dir)
	recovered(t, e)
	spec := testSpec(81, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	crash := func(at string) context.Context {
		return fault.With(t.Context(), func(point string) error {
			if point == at {
				return fault.ErrCrash
			}
			return nil
		})
	}
	for _, point := range []string{"", "qemu.resize.disk", "qemu.start.record"} {
		err := e.Change(crash("qemu.change.record"), changed(spec, 1, 128, 4))
		if !errors.Is(err, fault.ErrCrash) {
			t.Fatal(err)
		}
		wantDisk(t, e, spec.ID, 4)
		if err := e.Start(crash(point), spec.ID); point != "" && !errors.Is(err, fault.ErrCrash) {
			t.Fatalf("%s: %v", point, err)
		}
		if err := e.Start(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		if got := askQEMU(t, e, spec.ID); got.NeedsStop(spec) {
			t.Errorf("the guest has %+v, want %+v", got, spec)
		}
		if err := e.Stop(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		wantDisk(t, e, spec.ID, 1)
	}
}

// wantDisk looks into a stopped machine's disk file.
func wantDisk(t *testing.T, e *Engine, id int64, sizeGB int) {
	t.Helper()
	f, err := os.ReadFile(e.newMachine(id).path("disk.qcow2"))
	if err != nil {
		t.Fatal(err)
	}
	header, err := qcow2.Read(bytes.NewReader(f))
	if err != nil || header.Size != int64(sizeGB)<<30 {
		t.Errorf("disk.qcow2 has %d bytes (%v), want %d GB", header.Size, err, sizeGB)
	}
}

// TestDiskGrownByHand grows a machine's disk where no change did. Nothing makes the
// disk smaller after that.
func TestDiskGrownByHand(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(82, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	qemuImg(t, "resize", "-q", e.newMachine(spec.ID).path("disk.qcow2"), "9G")
	crash := fault.With(t.Context(), func(point string) error {
		if point == "qemu.change.record" {
			return fault.ErrCrash
		}
		return nil
	})
	for range 2 { // before the first start, and after it
		for size, want := range map[int]int{5: 9, 12: 12} {
			if err := e.Change(t.Context(), changed(spec, 1, 128, size)); err != nil {
				t.Fatal(err)
			}
			wantDisk(t, e, spec.ID, want)
			if err := e.Change(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			wantDisk(t, e, spec.ID, 9)
		}
		if err := e.Change(crash, changed(spec, 1, 128, 12)); !errors.Is(err, fault.ErrCrash) {
			t.Fatal(err)
		}
		startAndStop(t, e, spec.ID, 9)
	}
}

// startAndStop wants a guest to see a disk of that size.
func startAndStop(t *testing.T, e *Engine, id int64, diskGB int) {
	t.Helper()
	if err := e.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if got := askQEMU(t, e, id).Disks[0].SizeGB; got != diskGB {
		t.Errorf("the guest's disk has %d GB, want %d", got, diskGB)
	}
	if err := e.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}
