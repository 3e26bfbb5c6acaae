package record

import (
	"github.com/miekg/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/charstring"
)

// ParamsOf returns the attributes by which a client would create a record. It
// reports false for a type that domains do not have.
func ParamsOf(rr dns.RR) (p Params, known bool) {
	header := rr.Header()
	typeName, ttl := dns.TypeToString[header.Rrtype], Number(header.Ttl)
	p = Params{Type: &typeName, Name: &header.Name, TTL: &ttl}
	var data string
	p.Data = &data
	switch rr := rr.(type) {
	case *dns.A:
		data = rr.A.String()
	case *dns.AAAA:
		data = addressText(rr.AAAA)
	case *dns.CAA:
		flags, tag := Number(rr.Flag), rr.Tag
		p.Flags, p.Tag, data = &flags, &tag, caaParam(tag, rr.Value)
	case *dns.CNAME:
		data = rr.Target
	case *dns.MX:
		priority := Number(rr.Preference)
		p.Priority, data = &priority, rr.Mx
	case *dns.NS:
		data = rr.Ns
	case *dns.PTR:
		data = rr.Ptr
	case *dns.SRV:
		priority, weight, port := Number(rr.Priority), Number(rr.Weight), Number(rr.Port)
		p.Priority, p.Weight, p.Port, data = &priority, &weight, &port, rr.Target
	case *dns.TXT:
		data = charstring.Quote(rr.Txt)
	default:
		return p, false
	}
	return p, true
}
