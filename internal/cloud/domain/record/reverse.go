package record

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// ReverseName returns the name of an address's PTR record (RFC 1035, section 3.5;
// RFC 3596, section 2.5), without a final dot.
func ReverseName(address netip.Addr) string {
	name, _ := dns.ReverseAddr(address.Unmap().WithZone("").String())
	return strings.TrimSuffix(name, ".")
}

// ReverseAddress is the inverse of ReverseName. It reports false if the name is
// not that of a PTR record of an address.
func ReverseAddress(name string) (netip.Addr, bool) {
	digits, v4 := strings.CutSuffix(name, ".in-addr.arpa")
	labels := strings.Split(strings.TrimSuffix(digits, ".ip6.arpa"), ".")
	slices.Reverse(labels)
	text := strings.Join(labels, ".")
	if !v4 {
		var b strings.Builder
		for i, label := range labels {
			if i > 0 && i%4 == 0 {
				b.WriteByte(':')
			}
			b.WriteString(label)
		}
		text = b.String()
	}
	address, err := netip.ParseAddr(text)
	return address, err == nil && ReverseName(address) == name
}

// IsReverse reports whether a zone is a reverse zone.
func IsReverse(zone string) bool { return Within("in-addr.arpa", zone) || Within("ip6.arpa", zone) }
