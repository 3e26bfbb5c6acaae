package qemu

import (
	"encoding/json"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// record2 is machine.json of version 2, and of version 1, which has no network.
type record2 struct {
	Version int
	Spec    struct {
		ID       int64
		Hostname string
		VCPUs    int
		MemoryMB int
		DiskGB   int
		Image    ImageFile
		NIC      compute.Interface
	}
	Network compute.Guest
}

// parseRecord2 reads a record of version 1 or 2. Its guest may have been started,
// so its disk may be in use as a whole. The name of its image is not known, and
// nobody asks for it: the disk is made.
func parseRecord2(data []byte) (record, error) {
	var old record2
	if err := json.Unmarshal(data, &old); err != nil {
		return record{}, err
	}
	if old.Version == 1 {
		old.Network = linkLocalNetwork
	}
	return record{
		Version: recordVersion,
		Spec: compute.Spec{
			ID: old.Spec.ID, Hostname: old.Spec.Hostname, VCPUs: old.Spec.VCPUs, MemoryMB: old.Spec.MemoryMB,
			Disks: []compute.Disk{{SizeGB: old.Spec.DiskGB}}, Interfaces: []compute.Interface{old.Spec.NIC},
		},
		Network: old.Network,
		Disk:    diskRecord{Image: old.Spec.Image, LeastGB: old.Spec.DiskGB},
	}, nil
}
