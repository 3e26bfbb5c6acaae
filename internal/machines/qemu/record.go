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
	Spec    compute.Spec  `json:"spec"`
	Network compute.Guest `json:"network"` // as the guest sees it; from version 2 on
	Disk    diskRecord    `json:"disk"`    // of Spec.Disks[0]; from version 3 on
}

// diskRecord is what the engine knows of a disk besides its spec.
type diskRecord struct {
	Image ImageFile `json:"image"`

	// LeastGB is the smallest size without loss: the image's, or the largest one
	// that a guest has been started with.
	LeastGB int `json:"least_gb"`

	// FoundGB is the size that the disk had when that was larger than the spec's: the
	// host's owner has grown it. The engine never makes it smaller than this.
	FoundGB int `json:"found_gb,omitempty"`

	// Resizing says that a change of the disk's size has begun: the file may have
	// another size than the spec says, and no guest has seen it since.
	Resizing bool `json:"resizing,omitempty"`
}

const recordVersion = 3

// record reads machine.json. The path of the image that it returns is absolute.
func (m *machine) record() (record, error) {
	r, err := m.written()
	if err == nil && !filepath.IsAbs(r.Disk.Image.Path) {
		r.Disk.Image.Path = filepath.Join(m.dir, r.Disk.Image.Path)
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
	r, err := parseRecord(data)
	if err != nil {
		return record{}, fmt.Errorf("%s: %w", path, err)
	}
	if r.Spec.ID != m.id {
		return record{}, fmt.Errorf("%s is for machine %d", path, r.Spec.ID)
	}
	return r, nil
}

// write replaces machine.json, which then has the old record or this one,
// whatever happens. It has this one also after an error if only the flush of the
// folder failed. The path of the image must be as written returns it.
func (m *machine) write(r record) error {
	if err := writeJSON(m.path("machine.json"), r); err != nil {
		return err
	}
	return flush(m.dir)
}

// parseRecord reads a record of any version as one of the current version.
func parseRecord(data []byte) (r record, err error) {
	var old struct{ Version int }
	if err := json.Unmarshal(data, &old); err != nil {
		return r, err
	}
	switch old.Version {
	case 1, 2:
		return parseRecord2(data)
	case recordVersion:
		err = json.Unmarshal(data, &r)
	default:
		return r, fmt.Errorf("it is of version %d: this program did not write it", old.Version)
	}
	if err == nil && (len(r.Spec.Disks) != 1 || len(r.Spec.Interfaces) != 1) {
		err = fmt.Errorf("it has %d disks and %d interfaces", len(r.Spec.Disks), len(r.Spec.Interfaces))
	}
	return r, err
}
