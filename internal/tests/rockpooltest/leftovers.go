package rockpooltest

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
)

const (
	emptyLimit = 30 * time.Second // for the last destroy, on a busy machine
	logLines   = 150              // of the log, shown for a failed test
)

func (s *Server) cleanUp() {
	if s.process != nil && !s.tb.Failed() && !s.tb.Skipped() {
		s.AssertEmpty()
	}
	if s.running() {
		s.end(syscall.SIGTERM)
	}
	for _, pid := range s.Processes("") {
		s.tb.Errorf("process %d was left: %q", pid, arguments(pid))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.tb.Error(err)
		}
	}
	if s.tb.Failed() {
		s.tb.Logf("the last of the log:\n%s", s.log.tail(logLines))
	}
}

// AssertEmpty fails the test if a droplet is left, or a process, file, open port
// or unfinished action of one. It waits for destroys to end first.
func (s *Server) AssertEmpty() {
	s.tb.Helper()
	if !s.running() {
		s.Start()
	}
	droplets, err := s.DropletsPage(1)
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, d := range droplets {
		s.tb.Errorf("droplet %d was left", d.ID)
	}
	s.Await(emptyLimit, "nothing to be left", s.leftovers)
}

// leftovers returns an error that names everything that is left.
func (s *Server) leftovers() error {
	var left []error
	pids := s.Processes("droplets")
	for _, pid := range pids {
		left = append(left, fmt.Errorf("process %d: %q", pid, arguments(pid)))
	}
	for _, folder := range []string{"droplets", simulated.Traits.Name} {
		entries, err := os.ReadDir(filepath.Join(s.Data, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			left = append(left, err)
		}
		for _, entry := range entries {
			left = append(left, fmt.Errorf("%s/%s", folder, entry.Name()))
		}
	}
	actions, err := s.Actions()
	if err != nil {
		left = append(left, err)
	}
	for _, a := range actions {
		if a.Status == "in-progress" {
			left = append(left, fmt.Errorf("action %d, %s of droplet %d", a.ID, a.Type, a.ResourceID))
			continue
		}
		if a.Type == "destroy" && a.Status != "completed" {
			left = append(left, fmt.Errorf("action %d, destroy of droplet %d, ended %s", a.ID, a.ResourceID, a.Status))
		}
	}
	for _, at := range s.used {
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close()
			left = append(left, fmt.Errorf("%s is open", at))
		}
	}
	return errors.Join(left...)
}

// Processes returns the processes whose working directory is a folder of the data
// folder, or below it.
func (s *Server) Processes(folder string) (pids []int) {
	within := filepath.Join(s.Data, folder)
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		s.tb.Error(err)
	}
	for _, link := range links {
		cwd, err := os.Readlink(link)
		if err != nil {
			continue // it has ended, or is not ours to see
		}
		cwd = strings.TrimSuffix(cwd, " (deleted)")
		if cwd != within && !strings.HasPrefix(cwd, within+"/") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// MachineProcess is a process whose working directory is a machine's folder.
type MachineProcess struct {
	PID    int
	Folder string // name below the folder droplets; the id of a complete machine
	Args   []string
	QEMU   bool // not one of QEMU's helpers
}

// MachineProcesses returns the processes of all machines.
func (s *Server) MachineProcesses() (found []MachineProcess) {
	within := filepath.Join(s.Data, "droplets")
	for _, pid := range s.Processes("droplets") {
		cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		args := arguments(pid)
		if err != nil || len(args) == 0 {
			continue // it has ended
		}
		folder, err := filepath.Rel(within, cwd)
		if err != nil {
			continue
		}
		found = append(found, MachineProcess{pid, folder, args, slices.Contains(args, "-machine")})
	}
	return found
}

// QEMU returns the process of the droplet's machine, and its arguments.
func (s *Server) QEMU(droplet int) (pid int, args []string) {
	s.tb.Helper()
	for _, pid := range s.Processes(fmt.Sprintf("droplets/%d", droplet)) {
		args := arguments(pid)
		if len(args) > 0 && slices.Contains(args, "-machine") {
			return pid, args
		}
	}
	s.tb.Fatalf("no QEMU runs for droplet %d", droplet)
	return 0, nil
}

func arguments(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
