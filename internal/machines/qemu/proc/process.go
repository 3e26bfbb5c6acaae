// Package proc looks at the processes of this host, be they children of this
// program or not: by pidfds, which stay with a process when its number passes to
// another, and by proc(5).
package proc

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// KillLimit is how long the kernel may take to end a process that was killed.
const KillLimit = 10 * time.Second

// Process is a process that this program may signal and wait for.
type Process struct {
	PID   int
	pidfd *os.File
}

// Open returns the process that has that number now. The caller closes it.
func Open(pid int) (*Process, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	return &Process{PID: pid, pidfd: os.NewFile(uintptr(fd), "pidfd")}, nil
}

// Close ends every Wait. The process lives on.
func (p *Process) Close() { p.pidfd.Close() }

// Wait returns nil when the process has ended, and an error if it can't know,
// as after Close.
func (p *Process) Wait() error {
	raw, err := p.pidfd.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(ended)
}

// ended reports whether the process of a pidfd has ended, and reaps it if it was
// a child of this one.
func ended(pidfd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 0); err != nil || n == 0 {
		return false
	}
	// If it was another process's child, that one has to reap it.
	_ = unix.Waitid(unix.P_PIDFD, int(pidfd), nil, unix.WEXITED|unix.WNOHANG, nil)
	return true
}

// HasEnded reports whether the process has ended; true also if it can't know, as
// after Close.
func (p *Process) HasEnded() (yes bool) {
	raw, err := p.pidfd.SyscallConn()
	if err != nil {
		return true
	}
	return raw.Control(func(fd uintptr) { yes = ended(fd) }) != nil || yes
}

// Kill sends SIGKILL. It is no error if the process has ended.
func (p *Process) Kill() error {
	raw, err := p.pidfd.SyscallConn()
	if err != nil {
		return err
	}
	var killing error
	err = raw.Control(func(fd uintptr) {
		killing = unix.PidfdSendSignal(int(fd), unix.SIGKILL, nil, 0)
	})
	if errors.Is(killing, unix.ESRCH) {
		killing = nil // it has ended
	}
	return errors.Join(err, killing)
}

// WaitKilled waits for the end of a process that was killed, for KillLimit at
// most: the kernel may keep it for a while, if a disk hangs for instance. Nobody
// else may wait for the process.
func (p *Process) WaitKilled() error {
	if err := p.pidfd.SetReadDeadline(time.Now().Add(KillLimit)); err != nil {
		return err
	}
	err := p.Wait()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return p.NotEnded()
	}
	return err
}

// NotEnded is the error of a process that was killed and lives on after
// KillLimit.
func (p *Process) NotEnded() error {
	return fmt.Errorf("QEMU was killed and has not ended (%v)%s", KillLimit, p.Ailment())
}

// Ailment says to people what keeps the process from answering, as the end of a
// sentence. It is empty if the process seems well.
func (p *Process) Ailment() string {
	switch state(p.PID) {
	case "T", "t":
		return fmt.Sprintf(": its process %d is stopped", p.PID)
	case "D":
		return fmt.Sprintf(": its process %d waits for the kernel, perhaps for a disk", p.PID)
	default:
		return ""
	}
}
