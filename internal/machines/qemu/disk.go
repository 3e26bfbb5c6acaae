package qemu

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/qcow2"
)

// createDisk makes disk.qcow2 in the folder. The guest sees a copy of the image, and
// zeros behind it. The image has been checked, so qemu-img need not open it.
func createDisk(ctx context.Context, dir, program string, image ImageFile, sizeGB int) error {
	err := imgCommand{program: program, dir: dir}.run(ctx, "create", "-q", "-u", "-f", "qcow2",
		"-F", image.Format, "-b", image.Path, "disk.qcow2", fmt.Sprintf("%dG", sizeGB))
	if err != nil {
		return fmt.Errorf("create the disk: %w", err)
	}
	return flush(filepath.Join(dir, "disk.qcow2"))
}

// resizeDisk gives the machine's disk another size. The machine must be stopped.
// What is cut off must be beyond the size that any guest was started with.
func (e *Engine) resizeDisk(ctx context.Context, m *machine, sizeGB int) error {
	_, program, err := e.config.installed()
	if err != nil {
		return err
	}
	if err := e.handOver(ctx, m.dir, m.id); err != nil {
		return err
	}
	// A QEMU that its guest has taken control of could have named any file of this
	// host in the disk's header. So qemu-img runs as the machine's user, like QEMU.
	attributes, err := e.processAttributes(m.id, "")
	if err != nil {
		return err
	}
	if err := fault.At(ctx, "qemu.resize.disk"); err != nil {
		return err
	}
	lock, err := m.lockDisk(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	// Not "disk.qcow2", which would open the image too.
	const disk = `json:{"driver":"qcow2","backing":null,"file":{"driver":"file","filename":"disk.qcow2"}}`
	resize := imgCommand{program, m.dir, attributes, lock}
	if err := resize.run(ctx, "resize", "-q", "--shrink", disk, fmt.Sprintf("%dG", sizeGB)); err != nil {
		return fmt.Errorf("resize the disk: %w", err)
	}
	return flush(m.path("disk.qcow2"))
}

// findSize sets FoundGB if the machine's disk is larger than the record's spec says.
func (m *machine) findSize(r *record) error {
	// QEMU can write to the file but can't replace it, so the name can be trusted.
	f, err := os.Open(m.path("disk.qcow2"))
	if err != nil {
		return err
	}
	defer f.Close()
	header, err := qcow2.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	if found := roundUpGB(header.Size); found > r.Spec.Disks[0].SizeGB {
		r.Disk.FoundGB = max(r.Disk.FoundGB, found)
	}
	return nil
}
