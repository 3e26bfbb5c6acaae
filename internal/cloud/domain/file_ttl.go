package domain

import "github.com/miekg/dns"

// states reports whether a record, which was read with that TTL, has it of its
// own.
func (p *fileParser) states(text string, ttl uint32) bool {
	if ttl != p.ttl {
		return true
	}
	otherwise := *p
	otherwise.ttl++
	rr, err := otherwise.parse(text)
	return err == nil && rr.Header().Ttl == ttl
}

// takeMinimum makes the minimum of the SOA record the TTL of all records for
// which none is stated, as BIND does.
func (p *fileParser) takeMinimum(e fileEntry, soa *dns.SOA) {
	p.ttl, p.hasTTL, p.stated = max(soa.Minttl, minTTL), true, true
	soa.Hdr.Ttl = p.ttl
	for _, i := range p.unstated {
		r := &p.file.Records[i].Record
		r.TTL = int(p.ttl)
		p.ttls[r.rrset()] = r.TTL
	}
	message := "No TTL is stated: the minimum of the SOA record is taken, %d"
	if p.ttl != soa.Minttl {
		message = "No TTL is stated, and the minimum of the SOA record is too low: the least TTL is taken, %d"
	}
	p.problem(e.line, severityWarning, "ttl", message, p.ttl)
}
