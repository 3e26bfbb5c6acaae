package simulated

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// record is a machine's file, <id>.json.
type record struct {
	Version int          `json:"version"`
	Spec    compute.Spec `json:"spec"`
	LeastGB []int        `json:"least_gb"` // of each disk: the largest size that a guest was started with
	Running bool         `json:"running"`
	Boots   int          `json:"boots"`
	Host    string       `json:"host,omitempty"` // the life of the host that it was last started in
}

const recordVersion = 2

// record1 is a machine's file of version 1, which has no number.
type record1 struct {
	Spec struct {
		ID       int64
		Hostname string
		VCPUs    int
		MemoryMB int
		DiskGB   int
		NIC      compute.Interface
	} `json:"spec"`
	Running bool   `json:"running"`
	Boots   int    `json:"boots"`
	Host    string `json:"host"`
}

// parseRecord reads a record of any version as one of the current version. ok is
// false if it is none.
func parseRecord(data []byte) (r record, ok bool) {
	if err := json.Unmarshal(data, &r); err != nil || r.Version > recordVersion {
		return r, false
	}
	if r.Version == recordVersion {
		return r, len(r.Spec.Disks) > 0 && len(r.LeastGB) == len(r.Spec.Disks)
	}
	var old record1
	if err := json.Unmarshal(data, &old); err != nil {
		return r, false
	}
	r = record{
		Version: recordVersion,
		Spec: compute.Spec{
			ID: old.Spec.ID, Hostname: old.Spec.Hostname, VCPUs: old.Spec.VCPUs, MemoryMB: old.Spec.MemoryMB,
			Disks: []compute.Disk{{SizeGB: old.Spec.DiskGB}}, Interfaces: []compute.Interface{old.Spec.NIC},
		},
		LeastGB: []int{old.Spec.DiskGB}, Running: old.Running, Boots: old.Boots, Host: old.Host,
	}
	return r, true
}

const (
	unfinishedSuffix = ".new"
	maxBoots         = 1000 // lines of a console
)

func newMachine(r record) *machine {
	m := &machine{record: r, stopped: make(chan struct{})}
	m.setRunning(r.Running)
	return m
}

func (e *Engine) path(id int64) string {
	return filepath.Join(e.dir, strconv.FormatInt(id, 10)+".json")
}

// save replaces the file as a whole. After a power failure it has the old record or
// the new one.
func (e *Engine) save(r record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	path := e.path(r.Spec.ID)
	if err := write(path+unfinishedSuffix, data); err != nil {
		return err
	}
	return os.Rename(path+unfinishedSuffix, path)
}

func write(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// load reads all records. It ignores a file that is no record: no machine is lost with
// it, and the others must be served.
func (e *Engine) load() error {
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, isRecord := strings.CutSuffix(entry.Name(), ".json")
		id, err := strconv.ParseInt(name, 10, 64)
		if !isRecord || err != nil {
			continue
		}
		data, err := os.ReadFile(e.path(id))
		if err != nil {
			return err
		}
		if r, ok := parseRecord(data); ok && r.Spec.ID == id {
			r.Running = r.Running && r.Host == e.host
			e.machines[id] = newMachine(r)
		}
	}
	return nil
}
