package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// truth is what exists after a round: in the API, the folders, and the kernel.
type truth struct {
	droplets  map[int]rockpooltest.Droplet
	actions   map[int]rockpooltest.Action
	machines  map[int]bool // whether the machine of each id runs
	processes map[int]int  // how many QEMUs the machine of each id has
	strays    []string     // processes and files that belong to no machine
	listening []netip.AddrPort
	records   map[string]map[string]int // how many there are, by domain and name
}

// look reads the truth. No action may be in progress.
func (w *world) look() (*truth, error) {
	t := &truth{}
	var errs [4]error
	t.droplets, errs[0] = pages(func(page int) ([]rockpooltest.Droplet, error) { return w.DropletsPage(page) },
		func(d rockpooltest.Droplet) int { return d.ID })
	t.actions, errs[1] = pages(func(page int) ([]rockpooltest.Action, error) { return w.ActionsPage(page) },
		func(a rockpooltest.Action) int { return a.ID })
	t.processes, t.strays = w.qemus()
	errs[2] = t.readMachines(w)
	t.listening, errs[3] = listening(w.Addresses)
	t.listening = slices.DeleteFunc(t.listening, func(at netip.AddrPort) bool { return !w.ForDroplets(at.Addr()) })
	return t, errors.Join(errs[:]...)
}

// pages reads a list to its end. A row that comes twice is an error.
func pages[T any](page func(int) ([]T, error), id func(T) int) (map[int]T, error) {
	all := map[int]T{}
	for n := 1; ; n++ {
		rows, err := page(n)
		if err != nil || len(rows) == 0 {
			return all, err
		}
		for _, row := range rows {
			if _, twice := all[id(row)]; twice {
				return all, fmt.Errorf("%d is on two pages of a list", id(row))
			}
			all[id(row)] = row
		}
	}
}

// qemus returns the number of QEMU processes of each machine, and the processes
// that belong to no machine.
func (w *world) qemus() (machines map[int]int, strays []string) {
	machines = map[int]int{}
	for _, p := range w.MachineProcesses() {
		id, err := strconv.Atoi(p.Folder)
		if err != nil {
			strays = append(strays, fmt.Sprintf("process %d in %s: %q", p.PID, p.Folder, p.Args))
			continue
		}
		if p.QEMU {
			machines[id]++
		}
	}
	return machines, strays
}

// readMachines reads the folders of the engine.
func (t *truth) readMachines(w *world) error {
	t.machines = map[int]bool{}
	entries, err := os.ReadDir(filepath.Join(w.Data, w.kind.folder()))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		id, err := strconv.Atoi(strings.TrimSuffix(entry.Name(), ".json"))
		switch {
		case err != nil:
			t.strays = append(t.strays, "the file "+entry.Name())
		case w.kind.simulated():
			if t.machines[id], err = runs(filepath.Join(w.Data, w.kind.folder(), entry.Name())); err != nil {
				return err
			}
		default:
			t.machines[id] = t.processes[id] > 0
		}
	}
	return nil
}

// runs reads the file of a simulated machine.
func runs(path string) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	var record struct{ Running bool }
	err = json.Unmarshal(text, &record)
	return record.Running, err
}
