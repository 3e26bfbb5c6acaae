package qemu

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

const overlayLimit = time.Minute // qemu-img takes milliseconds, but a disk may hang

// createOverlay makes a disk that is empty but for what the image has. The
// image has been checked, so qemu-img need not open it.
func createOverlay(ctx context.Context, dir, qemuImg string, spec compute.Spec) error {
	ctx, cancel := context.WithTimeoutCause(ctx, overlayLimit, fmt.Errorf("qemu-img has not ended (%v)", overlayLimit))
	defer cancel()
	cmd := exec.CommandContext(ctx, qemuImg, "create", "-q", "-u", "-f", "qcow2",
		"-F", spec.Image.Format, "-b", spec.Image.Path, "disk.qcow2", fmt.Sprintf("%dG", spec.DiskGB))
	cmd.Dir = dir
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
		return fmt.Errorf("create the disk: %w: %s", err, text)
	}
	return flush(filepath.Join(dir, "disk.qcow2"))
}
