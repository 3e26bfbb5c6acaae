package address

import (
	"net/netip"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Ports returns the forwards of a new droplet, if an address has all their host ports
// free. The host port is the same as the guest's if the host allows binding it at all.
// It may not: low ports may need root, and a server that listens on all addresses has its
// port on each of them.
func (p *Pool) Ports() []compute.Forward {
	return forwards(p.ports, p.bindable)
}

// bindable reports whether a port can be bound at one of the addresses that are never
// assigned: the prefix's first two and its last.
func (p *Pool) bindable(port int) bool {
	last := int64(1)<<(32-p.prefix.Bits()) - 1
	return slices.ContainsFunc([]netip.Addr{p.host(0), p.Gateway(), p.host(last)}, func(addr netip.Addr) bool {
		return p.usable(netip.AddrPortFrom(addr, uint16(port)))
	})
}

// forwards returns a forward for each port of a guest: from the same host port if that
// is free, else from another one.
func forwards(ports []int, free func(port int) bool) []compute.Forward {
	taken := map[int]bool{}
	result := make([]compute.Forward, len(ports))
	// First those with the same port, so that no replacement takes one of them.
	for i, port := range ports {
		if free(port) {
			result[i] = compute.Forward{HostPort: port, GuestPort: port}
			taken[port] = true
		}
	}
	for i, port := range ports {
		if result[i].HostPort == 0 {
			host := another(port, func(host int) bool { return !taken[host] && free(host) })
			result[i] = compute.Forward{HostPort: host, GuestPort: port}
			taken[host] = true
		}
	}
	return result
}

// maxTries is how many ports are tried as a replacement.
const maxTries = 50

// another returns a free port as the replacement of a port that can't be bound. If it
// finds none in maxTries, it returns one that is not free, and binding it fails later.
func another(port int, free func(int) bool) int {
	host := alternative(port)
	for tries := 0; !free(host) && tries < maxTries && host < 1<<16-1; tries++ {
		host++
	}
	return host
}

// alternative returns the usual replacement of a port: 2222 for 22, 8080 for 80, 8443 for
// 443.
func alternative(port int) int {
	if port == 22 {
		return 2222
	}
	if high := port + 8000; high < 1<<16 {
		return high
	}
	return port - 8000
}

// renewed returns the forwards that a droplet should have at its address. It does not
// check the ports of unchanged forwards, because the droplet's own machine may have bound
// them. The host port of a changed forward must be free and not one of an unchanged
// forward.
func (p *Pool) renewed(addr netip.Addr, old []compute.Forward) []compute.Forward {
	result := p.Ports()
	taken := map[int]bool{}
	for _, f := range result {
		if slices.Contains(old, f) {
			taken[f.HostPort] = true
		}
	}
	free := func(port int) bool {
		return !taken[port] && p.usable(netip.AddrPortFrom(addr, uint16(port)))
	}
	for i, f := range result {
		if slices.Contains(old, f) {
			continue
		}
		at := slices.IndexFunc(old, func(o compute.Forward) bool { return o.GuestPort == f.GuestPort })
		switch {
		case free(f.HostPort):
		case at >= 0 && !taken[old[at].HostPort]:
			result[i] = old[at]
		default:
			result[i].HostPort = another(f.GuestPort, free)
		}
		taken[result[i].HostPort] = true
	}
	return result
}
