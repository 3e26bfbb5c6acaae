package qemu

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is a QEMU process, be it a child of this program or of an earlier
// one. A pid can pass to another process; a pidfd stays with the first.
type process struct {
	pid   int
	pidfd *os.File
}

func openProcess(pid int) (*process, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	return &process{pid: pid, pidfd: os.NewFile(uintptr(fd), "pidfd")}, nil
}

func (p *process) close() { p.pidfd.Close() }

// ailment says for people what keeps a process from answering, introduced, or
// nothing if it seems well.
func (p *process) ailment() string {
	fields := statFields(p.pid)
	if len(fields) == 0 {
		return ""
	}
	switch fields[0] {
	case "T", "t":
		return fmt.Sprintf(": its process %d is stopped", p.pid)
	case "D":
		return fmt.Sprintf(": its process %d waits for the kernel, perhaps for a disk", p.pid)
	default:
		return ""
	}
}

// statFields are the parseStat of a process; none if there is no such process.
func statFields(pid int) []string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return parseStat(stat)
}

// parseStat returns the fields of a file of proc_pid_stat(5) from the process's
// state on, which is the third.
func parseStat(stat []byte) []string {
	// The name before them, in parentheses, can hold anything.
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

// wait returns nil when the process has ended, and an error if it cannot know,
// as after close.
func (p *process) wait() error {
	raw, err := p.pidfd.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(ended)
}

// ended tells whether the process of a pidfd has ended, and reaps it if it was
// a child of this one.
func ended(pidfd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 0); err != nil || n == 0 {
		return false
	}
	// No child of ours: that is the other parent's to do.
	_ = unix.Waitid(unix.P_PIDFD, int(pidfd), nil, unix.WEXITED|unix.WNOHANG, nil)
	return true
}

// waitKilled waits for the end of a process that was killed and that nobody else
// waits for. The kernel may keep it for a while, if a disk hangs for instance.
func (p *process) waitKilled() error {
	if err := p.pidfd.SetReadDeadline(time.Now().Add(killLimit)); err != nil {
		return err
	}
	err := p.wait()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return p.notEnded()
	}
	return err
}

// notEnded is the error of a process that was killed and lives on.
func (p *process) notEnded() error {
	return fmt.Errorf("QEMU was killed and has not ended (%v)%s", killLimit, p.ailment())
}

// killLimit is for the kernel to end a process that was killed.
const killLimit = 10 * time.Second

// hasEnded reports whether the process has ended; also if it cannot know, as
// after close.
func (p *process) hasEnded() (yes bool) {
	raw, err := p.pidfd.SyscallConn()
	if err != nil {
		return true
	}
	return raw.Control(func(fd uintptr) { yes = ended(fd) }) != nil || yes
}

func (p *process) kill() error {
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

// findProcess looks through /proc for the machine's QEMU: the process that
// works in the machine's folder and has its lock open. A relay works there too,
// but has not.
func (m *machine) findProcess() (*process, error) {
	folder, err := os.Stat(m.dir)
	if err != nil {
		return nil, err
	}
	lock, err := os.Stat(m.path("lock"))
	if err != nil {
		return nil, err
	}
	for _, pid := range processesIn(folder) {
		p, err := openProcess(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if open, err := hasOpen(pid, lock); err == nil && open {
			return p, nil
		}
		p.close()
	}
	return nil, fmt.Errorf("no process with %s open was found", m.path("lock"))
}

// processesIn returns the other processes that work in a folder.
func processesIn(folder os.FileInfo) (pids []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
		if err == nil && os.SameFile(cwd, folder) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func hasOpen(pid int, file os.FileInfo) (bool, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, fd := range fds {
		if open, err := os.Stat(filepath.Join(dir, fd.Name())); err == nil && os.SameFile(open, file) {
			return true, nil
		}
	}
	return false, nil
}
