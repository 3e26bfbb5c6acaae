package domain

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// soa is the domain's SOA record as DNS has it.
func (d Domain) soa() *dns.SOA {
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: d.Origin(), Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: uint32(d.TTL)},
		Ns:  d.Primary + ".", Mbox: "hostmaster." + d.Origin(), Serial: d.Serial,
		Refresh: soaRefresh, Retry: soaRetry, Expire: soaExpire, Minttl: soaMinimum,
	}
}

// sameSOA reports whether two SOA records are the same but for their serials
// and TTLs.
func sameSOA(a, b *dns.SOA) bool {
	return strings.EqualFold(a.Ns, b.Ns) && strings.EqualFold(a.Mbox, b.Mbox) &&
		a.Refresh == b.Refresh && a.Retry == b.Retry && a.Expire == b.Expire && a.Minttl == b.Minttl
}

// rr is a record as DNS has it. It fails only for what the rules let nobody
// write.
func (d Domain) rr(r Record) (dns.RR, error) {
	header := dns.RR_Header{Name: absolute(d.Name, r.Name) + ".", Rrtype: dns.StringToType[r.Type], Class: dns.ClassINET, Ttl: uint32(r.TTL)}
	host := hostname(d.Name, r.Data) + "."
	switch r.Type {
	case "A", "AAAA":
		address, err := netip.ParseAddr(r.Data)
		if err != nil || address.Is4() != (r.Type == "A") {
			return nil, fmt.Errorf("record %d: %q is no address of type %s", r.ID, r.Data, r.Type)
		}
		if r.Type == "A" {
			return &dns.A{Hdr: header, A: net.IP(address.AsSlice())}, nil
		}
		return &dns.AAAA{Hdr: header, AAAA: net.IP(address.AsSlice())}, nil
	case "CAA":
		return &dns.CAA{Hdr: header, Flag: uint8(at(r.Flags)), Tag: deref(r.Tag), Value: caaValue(d.Name, r.Data)}, nil
	case typeCNAME:
		return &dns.CNAME{Hdr: header, Target: host}, nil
	case "MX":
		return &dns.MX{Hdr: header, Preference: uint16(at(r.Priority)), Mx: host}, nil
	case typeNS:
		return &dns.NS{Hdr: header, Ns: host}, nil
	case typePTR:
		return &dns.PTR{Hdr: header, Ptr: host}, nil
	case typeSOA:
		return d.soa(), nil
	case "SRV":
		return &dns.SRV{Hdr: header, Priority: uint16(at(r.Priority)), Weight: uint16(at(r.Weight)), Port: uint16(at(r.Port)), Target: host}, nil
	case "TXT":
		return &dns.TXT{Hdr: header, Txt: escapeAll(txtStrings(r.Data))}, nil
	}
	return nil, fmt.Errorf("record %d: no such type as %q", r.ID, r.Type)
}

func at(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// content identifies a record among those of its name and type: two with the
// same content are one in DNS.
func (d Domain) content(r Record) string {
	host := strings.ToLower(hostname(d.Name, r.Data))
	switch r.Type {
	case "A", "AAAA":
		if address, err := netip.ParseAddr(r.Data); err == nil {
			return address.String()
		}
		return r.Data
	case "CAA":
		return fmt.Sprintf("%d %s %s", at(r.Flags), deref(r.Tag), caaValue(d.Name, r.Data))
	case "MX":
		return strconv.Itoa(at(r.Priority)) + " " + host
	case "SRV":
		return fmt.Sprintf("%d %d %d %s", at(r.Priority), at(r.Weight), at(r.Port), host)
	case "TXT":
		return quote(escapeAll(txtStrings(r.Data)))
	}
	return host
}

// addressText writes an IPv6 address, also one that stands for an IPv4 one.
func addressText(ip net.IP) string {
	address, _ := netip.AddrFromSlice(ip.To16())
	return address.String()
}
