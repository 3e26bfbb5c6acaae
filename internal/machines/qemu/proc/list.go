package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// All returns the numbers of all processes that this program sees.
func All() (pids []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// In returns the processes that work in a folder, without this one.
func In(folder os.FileInfo) (pids []int) {
	for _, pid := range All() {
		if pid == os.Getpid() {
			continue
		}
		cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
		if err == nil && os.SameFile(cwd, folder) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// HasOpen reports whether a process has a file open.
func HasOpen(pid int, file os.FileInfo) (bool, error) {
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

// CommandLine returns a process's arguments; none if it has ended.
func CommandLine(pid int) []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(line) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
}

// User returns the user that a process runs as.
func User(pid int) (user uint32, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		if uids, ok := strings.CutPrefix(line, "Uid:"); ok {
			_, err := fmt.Sscan(uids, &user)
			return user, err == nil
		}
	}
	return 0, false
}

// Users returns the user of each process.
func Users() (users []uint32) {
	for _, pid := range All() {
		if user, ok := User(pid); ok { // else it has ended
			users = append(users, user)
		}
	}
	return users
}
