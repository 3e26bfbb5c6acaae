package compute

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"strings"
)

// Spec is all that an engine needs to make one machine.
type Spec struct {
	ID         int64  // of the droplet
	Hostname   string // the name that the guest gets for itself
	VCPUs      int
	MemoryMB   int
	Disks      []Disk      // the guest boots from the first
	Interfaces []Interface // the first is the public one
}

// Disk is one of a machine's disks.
type Disk struct {
	SizeGB int   // GiB that the guest sees
	Image  Image // what the disk is a copy of when it is made; ignored later
}

// Image names a disk that other disks are made from, which is never written to.
// Only the store that the engine takes its images from knows what the name
// means: Rockpool's image library, or the engine's own.
type Image string

// Interface is one of a machine's network interfaces.
type Interface struct {
	MAC      string     // lower case, colons
	Address  netip.Addr // the machine's address on the host's side
	Forwards []Forward  // what reaches the guest there; for networks without a route
}

// Forward connects a TCP port of the machine's address to a port of the guest.
type Forward struct {
	HostPort  int `json:"host_port"`
	GuestPort int `json:"guest_port"`
}

// String names both ports: "2222->22".
func (f Forward) String() string { return fmt.Sprintf("%d->%d", f.HostPort, f.GuestPort) }

// Guest is the network as the guest sees it, which is what its metadata must
// say: on a forwarding network it differs from the machine's address.
type Guest struct {
	Address     netip.Prefix // address and length of the network's prefix
	Gateway     netip.Addr
	Nameservers []netip.Addr
}

// Check returns why no engine could make a machine with this spec, if so.
func (s Spec) Check() error {
	if s.ID < 1 || s.VCPUs < 1 || s.MemoryMB < 1 || len(s.Disks) == 0 || len(s.Interfaces) == 0 {
		return fmt.Errorf("a machine needs an id, processors, memory, a disk and an interface: %+v", s)
	}
	if strings.ContainsFunc(s.Hostname, func(r rune) bool { return r < ' ' }) {
		return fmt.Errorf("the hostname %q has control characters", s.Hostname)
	}
	for _, disk := range s.Disks {
		if disk.SizeGB < 1 {
			return fmt.Errorf("a disk can't have %d GB", disk.SizeGB)
		}
	}
	for _, nic := range s.Interfaces {
		if err := nic.check(); err != nil {
			return err
		}
	}
	return nil
}

func (i Interface) check() error {
	if mac, err := net.ParseMAC(i.MAC); err != nil || len(mac) != 6 || mac.String() != i.MAC {
		return fmt.Errorf("%q is not a MAC address in lower case with colons", i.MAC)
	}
	if len(i.Forwards) > 0 && (!i.Address.Is4() || i.Address.IsUnspecified()) {
		return fmt.Errorf("ports can't be forwarded from %q: it must be an IPv4 address of this host", i.Address)
	}
	hosts := map[int]bool{}
	for _, f := range i.Forwards {
		if min(f.HostPort, f.GuestPort) < 1 || max(f.HostPort, f.GuestPort) > math.MaxUint16 {
			return fmt.Errorf("port %d can't be forwarded to port %d: ports are from 1 to %d", f.HostPort, f.GuestPort, math.MaxUint16)
		}
		if hosts[f.HostPort] {
			return fmt.Errorf("port %d can't be forwarded twice", f.HostPort)
		}
		hosts[f.HostPort] = true
	}
	return nil
}
