package qemu

import (
	"fmt"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// What a machine of this engine can have.
const (
	maxDisks      = 1
	maxInterfaces = 1
)

// check returns why no machine of this engine can have that spec, if so.
func check(spec compute.Spec) error {
	if err := spec.Check(); err != nil {
		return err
	}
	if len(spec.Disks) > maxDisks || len(spec.Interfaces) > maxInterfaces {
		return fmt.Errorf("a machine of this engine has one disk and one interface, not %d and %d",
			len(spec.Disks), len(spec.Interfaces))
	}
	return nil
}

// findImage returns the file that the disk is made from, and the smallest size
// of a disk that it fits.
func (e *Engine) findImage(disk compute.Disk) (image ImageFile, leastGB int, err error) {
	if image, err = e.config.Images(disk.Image); err != nil {
		return image, 0, err
	}
	if leastGB, err = image.sizeGB(); err != nil {
		return image, 0, err
	}
	if leastGB > disk.SizeGB {
		return image, 0, fmt.Errorf("image %s needs a disk of %d GB, not %d", image.Path, leastGB, disk.SizeGB)
	}
	return image, leastGB, nil
}
