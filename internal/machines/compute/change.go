package compute

import (
	"fmt"
	"slices"
)

// CheckChange returns why a machine can't be brought from one spec to the next,
// if so, whether or not it runs. leastGB has, for each disk, the smallest size
// without loss.
func CheckChange(from, to Spec, leastGB []int) error {
	if err := to.Check(); err != nil {
		return err
	}
	if len(from.Disks) != len(to.Disks) {
		return fmt.Errorf("a machine with %d disks can't be changed to have %d", len(from.Disks), len(to.Disks))
	}
	for i, disk := range to.Disks {
		if disk.SizeGB < leastGB[i] {
			return fmt.Errorf("%w to %d GB: up to %d GB of it may be in use", ErrShrink, disk.SizeGB, leastGB[i])
		}
	}
	return nil
}

// NeedsStop reports whether the change from s to another spec is possible only
// while the machine is stopped: processors, memory and sizes of disks.
func (s Spec) NeedsStop(to Spec) bool {
	return s.VCPUs != to.VCPUs || s.MemoryMB != to.MemoryMB ||
		!slices.EqualFunc(s.Disks, to.Disks, func(a, b Disk) bool { return a.SizeGB == b.SizeGB })
}

// With returns the spec to with the images of s, which a Change does not touch.
// Both must have the same number of disks.
func (s Spec) With(to Spec) Spec {
	to = to.Clone()
	for i := range to.Disks {
		to.Disks[i].Image = s.Disks[i].Image
	}
	return to
}

// Clone returns a copy that shares nothing with s.
func (s Spec) Clone() Spec {
	s.Disks = slices.Clone(s.Disks)
	s.Interfaces = slices.Clone(s.Interfaces)
	for i, nic := range s.Interfaces {
		s.Interfaces[i].Forwards = slices.Clone(nic.Forwards)
	}
	return s
}

// Equal reports whether two specs are the same.
func (s Spec) Equal(other Spec) bool {
	return s.ID == other.ID && s.Hostname == other.Hostname && s.VCPUs == other.VCPUs && s.MemoryMB == other.MemoryMB &&
		slices.Equal(s.Disks, other.Disks) && slices.EqualFunc(s.Interfaces, other.Interfaces, Interface.Equal)
}

// Equal reports whether two interfaces are the same.
func (i Interface) Equal(other Interface) bool {
	return i.MAC == other.MAC && i.Address == other.Address && slices.Equal(i.Forwards, other.Forwards)
}
