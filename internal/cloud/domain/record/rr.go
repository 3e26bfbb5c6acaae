package record

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/charstring"
)

// RR returns a record in DNS form. It fails only for a record that NewRecord
// would reject.
func (z Zone) RR(r Record) (dns.RR, error) {
	header := dns.RR_Header{Name: Absolute(z.Name, r.Name) + ".", Rrtype: dns.StringToType[r.Type], Class: dns.ClassINET, Ttl: uint32(r.TTL)}
	host := Hostname(z.Name, r.Data) + "."
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
		return &dns.CAA{Hdr: header, Flag: uint8(deref(r.Flags)), Tag: deref(r.Tag), Value: caaValue(z.Name, r.Data)}, nil
	case TypeCNAME:
		return &dns.CNAME{Hdr: header, Target: host}, nil
	case "MX":
		return &dns.MX{Hdr: header, Preference: uint16(deref(r.Priority)), Mx: host}, nil
	case TypeNS:
		return &dns.NS{Hdr: header, Ns: host}, nil
	case TypePTR:
		return &dns.PTR{Hdr: header, Ptr: host}, nil
	case TypeSOA:
		return z.SOA(), nil
	case "SRV":
		return &dns.SRV{Hdr: header, Priority: uint16(deref(r.Priority)), Weight: uint16(deref(r.Weight)), Port: uint16(deref(r.Port)), Target: host}, nil
	case "TXT":
		return &dns.TXT{Hdr: header, Txt: charstring.EscapeAll(txtStrings(r.Data))}, nil
	}
	return nil, fmt.Errorf("record %d: no such type as %q", r.ID, r.Type)
}

// RData returns a record's RDATA as a zone file writes it (RFC 1035, section 5.1).
func (z Zone) RData(r Record) string {
	if r.Type == "A" || r.Type == "AAAA" {
		return r.Data
	}
	host := Hostname(z.Name, r.Data) + "."
	switch r.Type {
	case "CAA":
		return fmt.Sprintf(`%d %s "%s"`, deref(r.Flags), deref(r.Tag), caaValue(z.Name, r.Data))
	case "MX":
		return fmt.Sprintf("%d %s", deref(r.Priority), host)
	case "SRV":
		return fmt.Sprintf("%d %d %d %s", deref(r.Priority), deref(r.Weight), deref(r.Port), host)
	case "TXT":
		return charstring.Quote(charstring.EscapeAll(txtStrings(r.Data)))
	}
	return host
}

// Content identifies a record within its RRset: DNS treats two records with the
// same content as one.
func (z Zone) Content(r Record) string {
	content := z.RData(r)
	switch r.Type {
	case "A", "AAAA":
		if address, err := netip.ParseAddr(content); err == nil {
			return address.String()
		}
		return content
	case "CAA", "TXT":
		return content
	}
	return strings.ToLower(content)
}

// deref returns the value of an optional attribute, the zero value for nil.
func deref[T any](optional *T) (value T) {
	if optional == nil {
		return value
	}
	return *optional
}

// addressText writes an IPv6 address; an IPv4-mapped one keeps its IPv6 form.
func addressText(ip net.IP) string {
	address, _ := netip.AddrFromSlice(ip.To16())
	return address.String()
}
