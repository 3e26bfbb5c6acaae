package simulated

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/compute"
)

// record is a machine's file, <id>.json.
type record struct {
	Spec    compute.Spec `json:"spec"`
	Running bool         `json:"running"`
	Boots   int          `json:"boots"`
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

// save replaces the file as a whole. It does not sync: only the end of this
// process is survived, not that of the host, where no machine would run on.
func (e *Engine) save(r record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	path := e.path(r.Spec.ID)
	if err := os.WriteFile(path+unfinishedSuffix, data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+unfinishedSuffix, path)
}

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
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("%s: %w", e.path(id), err)
		}
		e.machines[id] = newMachine(r)
	}
	return nil
}
