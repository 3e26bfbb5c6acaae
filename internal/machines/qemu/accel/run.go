package accel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// romPath is the first file that QEMU inherits.
const romPath = "/proc/self/fd/3"

func arguments() []string {
	return []string{
		"-machine", "pc", "-accel", "kvm", "-m", "16",
		"-nodefaults", "-no-user-config", "-display", "none", "-vga", "none",
		"-bios", romPath,
		"-device", fmt.Sprintf("isa-debug-exit,iobase=%#x,iosize=1", exitPort),
	}
}

// run starts QEMU and waits for its end. It leaves nothing behind even if this
// process is killed: the ROM is a file without a name, and the kernel ends QEMU with
// the thread that started it.
func run(ctx context.Context, binary string, args []string) (Ending, error) {
	firmware, err := romFile()
	if err != nil {
		return Ending{}, err
	}
	defer firmware.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.ExtraFiles = []*os.File{firmware}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	output, err := cmd.CombinedOutput()
	ending := endingOf(cmd.ProcessState)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if ending.Status == doneStatus {
			return ending, nil
		}
		return ending, fmt.Errorf("%w: %s", err, output)
	}
	return ending, err
}

// endingOf reports a cold start if any page had to be read from the disk.
func endingOf(state *os.ProcessState) Ending {
	if state == nil {
		return Ending{} // it was not started
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	return Ending{Status: state.ExitCode(), Cold: ok && usage.Majflt > 0}
}

// romFile returns the ROM in a file that is only in memory.
func romFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("rockpool-probe", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "rockpool-probe")
	if _, err := f.Write(rom()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
