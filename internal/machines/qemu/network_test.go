package qemu

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

var diffNetworks = cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})

// A Linux guest does not use a link-local source address for other networks.
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

// A machine has the network that its guest was configured for at the first boot.
func TestNetworkOfAMachineStaysTheSame(t *testing.T) {
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
	const otherNetdev = "host=172.20.0.1,dns=172.20.0.2,dhcpstart=172.20.0.9"
	for name, test := range map[string]struct {
		write  func() error
		want   compute.Guest
		netdev string
	}{
		"version 1": {copyTo(m, "machine-1.json"), linkLocalNetwork, "host=169.254.0.2,dns=169.254.0.3,dhcpstart=169.254.0.15"},
		"version 2": {copyTo(m, "machine-2.json"), other, otherNetdev},
		"version 3": {func() error { return m.write(recordOf(other)) }, other, otherNetdev},
	} {
		if err := test.write(); err != nil {
			t.Fatal(err)
		}
		got, err := e.Guest(7, compute.Interface{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got, diffNetworks); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		r, err := m.record()
		if err != nil {
			t.Fatal(err)
		}
		if text := netdev(r.Spec, r.Network, "relay"); !strings.Contains(text, test.netdev) {
			t.Errorf("%s: %s lacks %s", name, text, test.netdev)
		}
	}
	later := recordOf(other)
	later.Version = recordVersion + 1
	if err := m.write(later); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Guest(7, compute.Interface{}); err == nil {
		t.Error("a record of a later version is read")
	}
}

func copyTo(m *machine, testdata string) func() error {
	return func() error {
		data, err := os.ReadFile(filepath.Join("testdata", testdata))
		if err != nil {
			return err
		}
		return os.WriteFile(m.path("machine.json"), data, 0o600)
	}
}
