package qemu

import (
	"fmt"
	"net"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// check refuses what could not be started.
func (e *Engine) check(spec compute.Spec) error {
	if spec.ID < 1 || spec.VCPUs < 1 || spec.MemoryMB < 1 || spec.DiskGB < 1 {
		return fmt.Errorf("a machine needs an id, processors, memory and a disk: %+v", spec)
	}
	if mac, err := net.ParseMAC(spec.NIC.MAC); err != nil || len(mac) != 6 || mac.String() != spec.NIC.MAC {
		return fmt.Errorf("%q is not a MAC address in lower case with colons", spec.NIC.MAC)
	}
	if len(spec.NIC.Forwards) > 0 && (!spec.NIC.Address.Is4() || spec.NIC.Address.IsUnspecified()) {
		return fmt.Errorf("ports can't be forwarded from %q: it must be an IPv4 address of this host", spec.NIC.Address)
	}
	if err := compute.CheckForwards(spec.NIC.Forwards); err != nil {
		return err
	}
	if strings.ContainsFunc(spec.Hostname, func(r rune) bool { return r < ' ' }) {
		return fmt.Errorf("the hostname %q has control characters", spec.Hostname)
	}
	size, err := imageSize(spec.Image)
	if err != nil {
		return err
	}
	if size > int64(spec.DiskGB)<<30 {
		return fmt.Errorf("image %s needs a disk of %d GB, not %d", spec.Image.Path, (size+1<<30-1)>>30, spec.DiskGB)
	}
	return nil
}
