package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

const qemuImgLimit = time.Minute // it takes milliseconds, but a disk may hang

// imgCommand is one run of the program qemu-img in a folder.
type imgCommand struct {
	program    string
	dir        string
	attributes *syscall.SysProcAttr // nil: those of this process
	lock       *os.File             // to be inherited, or nil
}

// run returns when qemu-img has ended. The kernel ends qemu-img with this process.
func (c imgCommand) run(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, qemuImgLimit, fmt.Errorf("qemu-img has not ended (%v)", qemuImgLimit))
	defer cancel()
	folder, err := os.Open(c.dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	cmd := exec.CommandContext(ctx, c.program, args...)
	// The machine's user need not be able to come here by the whole path.
	cmd.Dir = fmt.Sprintf("/proc/self/fd/%d", folder.Fd())
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if c.attributes != nil {
		*cmd.SysProcAttr = *c.attributes
	}
	// The kernel sends the signal when the thread that started qemu-img ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if c.lock != nil {
		cmd.ExtraFiles = []*os.File{c.lock}
	}
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

// lockDisk waits for the lock on the disk's size and returns it. qemu-img inherits
// the lock while it resizes the disk. One that an earlier process started may still
// have it: SIGKILL ends a process only after the write to a disk that it waits for.
func (m *machine) lockDisk(ctx context.Context) (*os.File, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, qemuImgLimit, fmt.Errorf("an earlier qemu-img has not ended (%v)", qemuImgLimit))
	defer cancel()
	f, err := os.OpenFile(m.path("disk.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := lock(f)
		if err == nil {
			return f, nil
		}
		if errors.Is(err, errLocked) {
			err = fault.At(ctx, "qemu.resize.wait")
		}
		if err == nil {
			select {
			case <-time.After(10 * time.Millisecond):
				continue
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		f.Close()
		return nil, err
	}
}
