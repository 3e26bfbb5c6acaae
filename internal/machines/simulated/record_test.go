package simulated

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// version1 is a file as version 1 wrote it.
const version1 = `{"spec":{"ID":7,"Hostname":"web-1","VCPUs":2,"MemoryMB":512,"DiskGB":10,` +
	`"Image":{"Path":"","Format":""},"NIC":{"MAC":"06:00:00:00:00:07","Address":"127.18.0.7",` +
	`"Forwards":[{"host_port":2222,"guest_port":22}]}},"running":true,"boots":3,"host":"here"}`

func TestFileOfVersion1(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "7.json"), []byte(version1), 0o600); err != nil {
		t.Fatal(err)
	}
	want := compute.Spec{
		ID: 7, Hostname: "web-1", VCPUs: 2, MemoryMB: 512, Disks: []compute.Disk{{SizeGB: 10}},
		Interfaces: []compute.Interface{{
			MAC: "06:00:00:00:00:07", Address: netip.MustParseAddr("127.18.0.7"),
			Forwards: []compute.Forward{{HostPort: 2222, GuestPort: 22}},
		}},
	}
	for range 2 { // the second reads what the first has written
		e, err := Open(dir, InHost("here"))
		if err != nil {
			t.Fatal(err)
		}
		if state, err := e.State(t.Context(), 7); err != nil || state != compute.Running {
			t.Errorf("the machine is %s, %v", state, err)
		}
		if got, err := e.Spec(t.Context(), 7); err != nil || !got.Equal(want) {
			t.Errorf("its spec is %+v, %v, want %+v", got, err, want)
		}
		if err := e.Reset(t.Context(), 7); err != nil {
			t.Error(err)
		}
	}
	e, err := Open(dir, InHost("restarted"))
	if err != nil {
		t.Fatal(err)
	}
	want.Disks[0].SizeGB--
	if err := e.Change(t.Context(), want); !errors.Is(err, compute.ErrShrink) {
		t.Errorf("its guest may have used the whole disk, and a smaller one gives %v", err)
	}
}
