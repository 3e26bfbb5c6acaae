package zonefile

import (
	"github.com/miekg/dns"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
)

// states reports whether a record's text states its TTL, which was parsed as ttl.
func (p *parser) states(text string, ttl uint32) bool {
	if ttl != p.ttl {
		return true
	}
	other := *p
	other.ttl++ // a stated TTL does not depend on the default
	rr, err := other.parse(text)
	return err == nil && rr.Header().Ttl == ttl
}

// takeMinimum gives all records without a stated TTL the minimum of the SOA record,
// as BIND does.
func (p *parser) takeMinimum(e entry, soa *dns.SOA) {
	p.ttl, p.hasTTL, p.stated = max(soa.Minttl, record.MinTTL), true, true
	soa.Hdr.Ttl = p.ttl
	for _, i := range p.unstated {
		r := &p.file.Records[i].Record
		r.TTL = int(p.ttl)
		p.ttls[r.RRset()] = r.TTL
	}
	message := "No TTL is stated: the minimum of the SOA record is taken, %d"
	if p.ttl != soa.Minttl {
		message = "No TTL is stated, and the minimum of the SOA record is too low: the least TTL is taken, %d"
	}
	p.warn(e.line, "ttl", message, p.ttl)
}
