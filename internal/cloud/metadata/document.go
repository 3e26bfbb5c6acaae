// Package metadata is the service at 169.254.169.254 from which a droplet reads its own
// configuration, in the form that cloud-init's DigitalOcean datasource expects.
package metadata

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
)

// vendorData configures every guest: root may log in with the droplet's keys, and the
// hostname resolves to the guest itself.
const vendorData = "#cloud-config\ndisable_root: false\nmanage_etc_hosts: true\n"

// Document is the body of /metadata/v1.json.
type Document struct {
	DropletID  int64               `json:"droplet_id"`
	Hostname   string              `json:"hostname"`
	Region     string              `json:"region"`
	UserData   string              `json:"user_data,omitempty"`
	VendorData string              `json:"vendor_data"`
	PublicKeys []string            `json:"public_keys"`
	Interfaces map[string][]NIC    `json:"interfaces"` // by kind; never an empty list, because cloud-init reads the first NIC
	FloatingIP Reserved            `json:"floating_ip"`
	ReservedIP Reserved            `json:"reserved_ip"`
	DNS        map[string][]string `json:"dns"`
	Tags       []string            `json:"tags"`
	Features   map[string]bool     `json:"features"`
}

// NIC is one network interface.
type NIC struct {
	MAC  string `json:"mac"`
	Type string `json:"type"`
	IPv4 IPv4   `json:"ipv4"`
}

// IPv4 is an interface's address.
type IPv4 struct {
	Address string `json:"ip_address"`
	Netmask string `json:"netmask"`
	Gateway string `json:"gateway"`
}

// Reserved says whether a droplet has a reserved address. No droplet has one yet.
type Reserved struct {
	IPv4 struct {
		Active bool `json:"active"`
	} `json:"ipv4"`
}

// document returns what the guest needs to configure itself. The addresses are those
// inside the guest. On a network that forwards ports they differ from the public
// address.
func document(guest droplet.Guest) Document {
	d, network := guest.Droplet, guest.Network
	return Document{
		DropletID: d.ID, Hostname: d.Name, Region: d.Region,
		UserData: guest.UserData, VendorData: vendorData, PublicKeys: d.PublicKeys,
		Interfaces: map[string][]NIC{"public": {{
			MAC: guest.NIC.MAC, Type: "public",
			IPv4: IPv4{
				Address: network.Address.Addr().String(),
				Netmask: net.IP(net.CIDRMask(network.Address.Bits(), 32)).String(),
				Gateway: network.Gateway.String(),
			},
		}}},
		DNS:      map[string][]string{"nameservers": texts(network.Nameservers)},
		Tags:     d.Tags,
		Features: map[string]bool{"dhcp_enabled": false},
	}
}

func texts(addresses []netip.Addr) []string {
	texts := []string{}
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	return texts
}

// folder is a directory of the tree of values. Each value is a folder, a string or a
// list.
type folder map[string]any

// tree returns the document as the paths below /metadata/v1/ show it.
func (d Document) tree() folder {
	interfaces := folder{}
	for kind, nics := range d.Interfaces {
		numbered := folder{}
		for i, nic := range nics {
			numbered[strconv.Itoa(i)] = folder{
				"mac": nic.MAC, "type": nic.Type,
				"ipv4": folder{"address": nic.IPv4.Address, "netmask": nic.IPv4.Netmask, "gateway": nic.IPv4.Gateway},
			}
		}
		interfaces[kind] = numbered
	}
	reserved := folder{"ipv4": folder{"active": strconv.FormatBool(d.ReservedIP.IPv4.Active)}}
	features := folder{}
	for name, on := range d.Features {
		features[name] = strconv.FormatBool(on)
	}
	return folder{
		"id":          strconv.FormatInt(d.DropletID, 10),
		"hostname":    d.Hostname,
		"region":      d.Region,
		"user-data":   d.UserData,
		"vendor-data": d.VendorData,
		"public-keys": strings.Join(d.PublicKeys, "\n"),
		"interfaces":  interfaces,
		"dns":         folder{"nameservers": strings.Join(d.DNS["nameservers"], "\n")},
		"floating_ip": reserved,
		"reserved_ip": reserved,
		"tags":        list(d.Tags),
		"features":    features,
	}
}

// list is a value of several lines. Clients request its path with and without a slash at
// the end, so it is shown like a folder.
type list []string
