package qemu

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
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
