package capacity

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOf(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "droplets [1") // no pattern, whatever it looks like
	host, err := Of(filepath.Join(dir, "not", "there"))
	if err != nil || host.MemoryMB <= 0 || host.DiskGB < 0 {
		t.Errorf("%+v, %v", host, err)
	}
	before, err := takenBytes(dir)
	if err != nil || before != 0 {
		t.Errorf("machines take %d bytes of an empty folder, %v", before, err)
	}
	for _, machine := range []string{"7", "making-8"} {
		if err := os.MkdirAll(filepath.Join(dir, machine), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const written = 1 << 20
	if err := os.WriteFile(filepath.Join(dir, "7", "disk.qcow2"), make([]byte, written), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "7", "disk.qcow2"), 1<<40); err != nil {
		t.Fatal(err)
	}
	after, err := takenBytes(dir)
	if err != nil || after < written || after >= 1<<30 {
		t.Errorf("a disk with %d bytes written takes %d, %v", written, after, err)
	}
}
