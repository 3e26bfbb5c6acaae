package qemu

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

const qemuImgLimit = time.Minute // it takes milliseconds, but a disk may hang

// createDisk makes disk.qcow2 in the folder: a copy of the image, empty behind it. The image has been checked, so qemu-img need not open it.
func createDisk(ctx context.Context, dir, qemuImg string, image ImageFile, sizeGB int) error {
	err := runQemuImg(ctx, dir, nil, qemuImg, "create", "-q", "-u", "-f", "qcow2",
		"-F", image.Format, "-b", image.Path, "disk.qcow2", fmt.Sprintf("%dG", sizeGB))
	if err != nil {
		return fmt.Errorf("create the disk: %w", err)
	}
	return flush(filepath.Join(dir, "disk.qcow2"))
}

// resizeDisk gives the machine's disk another size. The machine must be stopped.
// What is cut off must be beyond the size that any guest was started with.
func (e *Engine) resizeDisk(ctx context.Context, m *machine, sizeGB int) error {
	_, qemuImg, err := e.config.installed()
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
	// Not "disk.qcow2", which would open the image too.
	const disk = `json:{"driver":"qcow2","backing":null,"file":{"driver":"file","filename":"disk.qcow2"}}`
	if err := runQemuImg(ctx, m.dir, attributes, qemuImg, "resize", "-q", "--shrink", disk, fmt.Sprintf("%dG", sizeGB)); err != nil {
		return fmt.Errorf("resize the disk: %w", err)
	}
	return flush(m.path("disk.qcow2"))
}

func runQemuImg(ctx context.Context, dir string, attributes *syscall.SysProcAttr, qemuImg string, args ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, qemuImgLimit, fmt.Errorf("qemu-img has not ended (%v)", qemuImgLimit))
	defer cancel()
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	cmd := exec.CommandContext(ctx, qemuImg, args...)
	// The machine's user need not be able to come here by the whole path.
	cmd.Dir = fmt.Sprintf("/proc/self/fd/%d", folder.Fd())
	cmd.SysProcAttr = attributes
	cmd.WaitDelay = time.Second
	cmd.Env = []string{"LC_ALL=C"}
	if output, err := cmd.CombinedOutput(); err != nil {
		text := strings.TrimSpace(string(output))
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if strings.Contains(text, "No space left on device") {
			err = unix.ENOSPC
		}
		return fmt.Errorf("%w: %s", err, text)
	}
	return nil
}
