package torture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mountsEnv is set in a process that has a mount namespace of its own.
const mountsEnv = "ROCKPOOL_TORTURE_MOUNTS"

// privateMounts runs this program again in a mount namespace of its own, whose
// mounts end with the process. done is false if this process has one already, or
// must not create one.
func privateMounts() (status int, done bool) {
	if os.Geteuid() != 0 || os.Getenv(mountsEnv) != "" {
		return 0, false
	}
	runtime.LockOSThread() // the child is told of the end of the thread that it was made by
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Env = append(os.Environ(), mountsEnv+"=1")
	self.Stdin, self.Stdout, self.Stderr = os.Stdin, os.Stdout, os.Stderr
	self.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	signal.Notify(make(chan os.Signal, 1), unix.SIGINT, unix.SIGTERM) // the child hears them as well, and has to clean up
	if err := self.Start(); err != nil {
		return 0, false // not even root may; newDisk says so
	}
	exit := new(exec.ExitError)
	if err := self.Wait(); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return self.ProcessState.ExitCode(), true
}

// newDisk mounts a file system of that size at the data folder. It returns nil if
// this process has no mount namespace of its own.
func newDisk(tb testing.TB, data string, size int64) *disk {
	tb.Helper()
	if os.Getenv(mountsEnv) == "" {
		return nil
	}
	if err := os.MkdirAll(data, 0o711); err != nil {
		tb.Fatal(err)
	}
	if err := unix.Mount("tmpfs", data, "tmpfs", 0, fmt.Sprintf("mode=711,size=%d", size)); err != nil {
		tb.Logf("no disk that can fill up: %v", err)
		return nil
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(data, unix.MNT_DETACH); err != nil {
			tb.Errorf("unmount %s: %v", data, err)
		}
	})
	return &disk{ballast: filepath.Join(data, "ballast")}
}

func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) }
