package qemu

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// mark returns a string that identifies the machine's QEMU in the process table,
// even if the machine's folder is gone: it stands in QEMU's command line. It names
// the folder of all machines by device and inode. These stay the same when the
// data directory is moved, and differ for another cloud on this host, even for a
// copy of this one.
func (e *Engine) mark(id int64) string { return e.marks + strconv.FormatInt(id, 10) }

// marksOf returns what the marks of the machines in a folder begin with.
func marksOf(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("%s has no inode", dir)
	}
	return fmt.Sprintf("rockpool-%x-%x-", stat.Dev, stat.Ino), nil
}

// find searches the process table for the machine's QEMU; nil if there is none.
func (e *Engine) find(id int64) *proc.Process {
	pids := e.processes()[id]
	if len(pids) == 0 {
		return nil
	}
	return e.open(id, pids)
}

// processes returns the pids, by machine, of the processes that have a mark of
// this engine and run as the user of that machine.
func (e *Engine) processes() map[int64][]int {
	found := map[int64][]int{}
	for _, pid := range proc.All() {
		if id, ok := e.markOf(pid); ok && pid != os.Getpid() {
			found[id] = append(found[id], pid)
		}
	}
	return found
}

// markOf returns the machine that a process is marked with.
func (e *Engine) markOf(pid int) (id int64, ok bool) {
	for _, arg := range proc.CommandLine(pid) {
		_, text, ok := strings.Cut(arg, "id="+e.marks)
		if !ok {
			continue
		}
		if id, ok = parseID(text); !ok {
			return 0, false
		}
		user, ok := proc.User(pid)
		return id, ok && e.mayRunAs(user, id)
	}
	return 0, false
}

// mayRunAs reports whether this engine may have started a QEMU for the machine
// that runs as the user: anybody can write a mark into a command line.
func (e *Engine) mayRunAs(user uint32, id int64) bool {
	if !e.isolated {
		return user == uint32(os.Geteuid())
	}
	if user == e.users.of(id) || user == formerUser(id) {
		return true
	}
	// It may run since before these users were chosen.
	owner, err := ownerOf(e.newMachine(id).path("disk.qcow2"))
	return err == nil && user == owner
}

// open returns a handle of the one process that is no child of another of them:
// a child of QEMU has its command line until it runs a program of its own.
func (e *Engine) open(id int64, pids []int) *proc.Process {
	children := map[int]bool{}
	for _, pid := range pids {
		for _, other := range pids {
			children[pid] = children[pid] || proc.Parent(pid) == other
		}
	}
	for _, pid := range pids {
		if children[pid] {
			continue
		}
		p, err := proc.Open(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if now, ok := e.markOf(pid); ok && now == id {
			return p
		}
		p.Close() // the pid is another's by now
	}
	return nil
}
