package address

import (
	"net/netip"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Ports returns what a new droplet's forwards are, unless no address has room
// for them: each port at the same port, where the host lets it be bound at
// all. Low ports may be for root only, and a server that listens on all
// addresses takes its port on each of them.
func (p *Pool) Ports() []compute.Forward {
	return forwards(p.ports, p.bindable)
}

// bindable reports whether a port can be bound at any address that no droplet
// has: the prefix's first two and its last.
func (p *Pool) bindable(port int) bool {
	last := int64(1)<<(32-p.prefix.Bits()) - 1
	return slices.ContainsFunc([]netip.Addr{p.host(0), p.Gateway(), p.host(last)}, func(addr netip.Addr) bool {
		return p.usable(netip.AddrPortFrom(addr, uint16(port)))
	})
}

// forwards finds a host's port for each port of a guest: the same if it is
// free, and another where it is not.
func forwards(ports []int, free func(port int) bool) []compute.Forward {
	taken := map[int]bool{}
	result := make([]compute.Forward, len(ports))
	// The same ports first, so that none is taken in place of another.
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

// maxTries is how many ports are tried in place of one that can't be had.
const maxTries = 50

// another finds a port in place of one that can't be had. If none is free, the
// first is as wrong as any; whoever binds it will say so.
func another(port int, free func(int) bool) int {
	host := alternative(port)
	for tries := 0; !free(host) && tries < maxTries && host < 1<<16-1; tries++ {
		host++
	}
	return host
}

// alternative is the port that people expect in place of one that can't be
// had: 2222 for 22, 8080 for 80, 8443 for 443.
func alternative(port int) int {
	if port == 22 {
		return 2222
	}
	if high := port + 8000; high < 1<<16 {
		return high
	}
	return port - 8000
}

// renewed returns the forwards that a droplet should have at its address. One
// that is as it was is kept unseen, because the droplet's own machine may hold
// it; one that moves must be free, and takes the place of none that stays.
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
