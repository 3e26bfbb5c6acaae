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
	Spec    compute.Spec `json:"spec"`
	Running bool         `json:"running"`
	Boots   int          `json:"boots"`
	Host    string       `json:"host,omitempty"` // the life of the host that it was last started in
}

const (
	unfinishedSuffix = ".new"
	maxBoots         = 1000 // lines of a console
)

func newMachine(r record) *machine {
	m := &machine{record: r, stopped: make(chan struct{})}
	m.settle(r.Running)
	return m
}

func (e *Engine) path(id int64) string {
	return filepath.Join(e.dir, strconv.FormatInt(id, 10)+".json")
}

// save replaces the file as a whole, also if the host's power fails.
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

// load takes a file that is no record for a machine that is not there: nothing
// is lost with it, and the others must be served.
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
		var r record
		if err := json.Unmarshal(data, &r); err == nil && r.Spec.ID == id {
			r.Running = r.Running && r.Host == e.host
			e.machines[id] = newMachine(r)
		}
	}
	return nil
}
