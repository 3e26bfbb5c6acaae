package qemu

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// record is machine.json: all that Start needs.
type record struct {
	Version int           `json:"version"`
	Spec    compute.Spec  `json:"spec"`    // Image.Path may be relative to the folder
	Network compute.Guest `json:"network"` // as the guest sees it; from version 2 on
}

const recordVersion = 2

// record reads machine.json. The path of the image that it returns is absolute.
func (m *machine) record() (record, error) {
	r, err := m.written()
	if err == nil && !filepath.IsAbs(r.Spec.Image.Path) {
		r.Spec.Image.Path = filepath.Join(m.dir, r.Spec.Image.Path)
	}
	return r, err
}

// written is the record with the image's path as it stands in machine.json.
func (m *machine) written() (record, error) {
	path := m.path("machine.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("%s: %w", path, err)
	}
	if r.Version < 1 || r.Version > recordVersion || r.Spec.ID != m.id {
		return record{}, fmt.Errorf("%s is of version %d for machine %d: this program did not write it there",
			path, r.Version, r.Spec.ID)
	}
	if r.Version == 1 {
		r.Network = linkLocalNetwork
	}
	return r, nil
}

func (m *machine) spec() (compute.Spec, error) {
	r, err := m.record()
	return r.Spec, err
}
