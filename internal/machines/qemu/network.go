package qemu

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
)

var (
	// guestNetwork is what a new machine's guest sees. Each guest is alone in
	// its network, so all have the same addresses. They must not be link-local
	// (169.254.0.0/16): a Linux guest gives such an address the scope "link",
	// and then takes no source address from it for packets to the world.
	// Docker leaves 172.16.0.0/16 alone.
	guestNetwork = compute.Guest{
		Address:     netip.MustParsePrefix("172.16.254.15/24"),
		Gateway:     netip.MustParseAddr("172.16.254.2"),
		Nameservers: []netip.Addr{netip.MustParseAddr("172.16.254.3")},
	}

	// linkLocalNetwork is what the guest of a machine of record version 1 sees.
	// It stays so for the machine's life, because cloud-init configures the
	// network only at the first boot.
	linkLocalNetwork = compute.Guest{
		Address:     netip.MustParsePrefix("169.254.0.15/16"),
		Gateway:     netip.MustParseAddr("169.254.0.2"),
		Nameservers: []netip.Addr{netip.MustParseAddr("169.254.0.3")},
	}

	metadataAddr = netip.MustParseAddrPort("169.254.169.254:80")

	// userPrefix is what QEMU's user network takes for its own prefix: the
	// longest with both the guest and the metadata address, because QEMU lets a
	// program answer (guestfwd) only on addresses of the prefix. Packets to the
	// rest of it leave by the gateway as all others do.
	userPrefix = netip.MustParsePrefix("168.0.0.0/5")
)

// Guest returns the network that the machine was made with, or the one that it
// would be made with now.
func (e *Engine) Guest(id int64, _ compute.Interface) (compute.Guest, error) {
	m := e.newMachine(id)
	exists, err := m.exists()
	if err != nil || !exists {
		return guestNetwork, err
	}
	r, err := m.record()
	return r.Network, err
}

// netdev is the user network: TCP forwarded from the public address, and a
// relay to metadata.sock for each connection to the metadata address.
func netdev(spec compute.Spec, network compute.Guest, relay string) string {
	guest := network.Address.Addr()
	options := []string{
		"user", "id=public", "ipv6=off",
		"net=" + userPrefix.String(),
		"host=" + network.Gateway.String(),
		"dns=" + network.Nameservers[0].String(),
		"dhcpstart=" + guest.String(),
		"hostname=" + escape(spec.Hostname),
	}
	options = append(options, hostForwards(spec.Interfaces[0], guest)...)
	options = append(options, fmt.Sprintf("guestfwd=tcp:%s-cmd:%s %s metadata.sock", metadataAddr, escape(shellQuote(relay)), helper.RelayCommand))
	return strings.Join(options, ",")
}
