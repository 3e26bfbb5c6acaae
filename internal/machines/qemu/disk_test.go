package qemu

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/qcow2"
)

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
