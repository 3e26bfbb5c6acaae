package qemu

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

var diffNetworks = cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})

// A Linux guest takes no source address for the world from a link-local one.
func TestGuestNetworkIsNotLinkLocal(t *testing.T) {
	n := guestNetwork
	for _, a := range []netip.Addr{n.Address.Addr(), n.Gateway, n.Nameservers[0]} {
		if a.IsLinkLocalUnicast() || !a.IsPrivate() || !n.Address.Contains(a) {
			t.Errorf("%v is not a private address of %v", a, n.Address.Masked())
		}
	}
	for _, a := range []netip.Addr{n.Gateway, n.Nameservers[0], metadataAddr.Addr(), linkLocalNetwork.Gateway} {
		if !userPrefix.Contains(a) {
			t.Errorf("QEMU's network %v lacks %v", userPrefix, a)
		}
	}
}

// A machine keeps the network that its guest was told of at the first boot.
func TestAMachineKeepsItsNetwork(t *testing.T) {
	e := openIn(t, t.TempDir())
	defer e.Close()
	m := e.machine(7)
	if err := os.Mkdir(m.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	other := compute.Guest{
		Address: netip.MustParsePrefix("172.20.0.9/24"), Gateway: netip.MustParseAddr("172.20.0.1"),
		Nameservers: []netip.Addr{netip.MustParseAddr("172.20.0.2")},
	}
	for _, test := range []struct {
		version int
		written compute.Guest
		want    compute.Guest
		netdev  string
	}{
		{1, compute.Guest{}, linkLocalNetwork, "host=169.254.0.2,dns=169.254.0.3,dhcpstart=169.254.0.15"},
		{2, other, other, "host=172.20.0.1,dns=172.20.0.2,dhcpstart=172.20.0.9"},
	} {
		written := record{Version: test.version, Spec: testSpec(7, compute.Image{Format: "raw"}), Network: test.written}
		if err := writeJSON(m.path("machine.json"), written); err != nil {
			t.Fatal(err)
		}
		got, err := e.Guest(7, compute.NIC{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got, diffNetworks); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", test.version, diff)
		}
		r, err := m.record()
		if err != nil {
			t.Fatal(err)
		}
		if text := netdev(r.Spec, r.Network, "relay"); !strings.Contains(text, test.netdev) {
			t.Errorf("version %d: %s lacks %s", test.version, text, test.netdev)
		}
	}
	written := record{Version: recordVersion + 1, Spec: testSpec(7, compute.Image{})}
	if err := writeJSON(m.path("machine.json"), written); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Guest(7, compute.NIC{}); err == nil {
		t.Error("a record of a later version is read")
	}
}
