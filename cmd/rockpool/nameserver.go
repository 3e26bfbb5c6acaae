package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/dns"
)

// openNames makes the name server, not started. Without an address it has the
// zones all the same, so that what it refuses is found out.
func openNames(c *serveCommand, registry prometheus.Registerer, log *slog.Logger) (*dns.Server, error) {
	config := dns.Config{Registry: registry, Log: log}
	if c.DNS != "" {
		address, err := netip.ParseAddrPort(c.DNS)
		if err != nil {
			return nil, fmt.Errorf("--dns %s: not an address with a port; give one, or nothing for no name server", c.DNS)
		}
		config.Addresses = []netip.AddrPort{address}
	}
	return dns.New(config)
}

// startNames has the name server answer.
func (cl *cloud) startNames(c *serveCommand) error {
	if c.DNS == "" {
		return nil
	}
	if err := cl.names.Start(); err != nil {
		return fmt.Errorf("%w; choose another address by --dns", err)
	}
	return nil
}

// nameserverAddresses is where names are answered, for people.
func (cl *cloud) nameserverAddresses() string {
	var all []string
	for _, address := range cl.names.Addresses() {
		all = append(all, address.String())
	}
	return strings.Join(all, ", ")
}
