package zonefile

import (
	"fmt"

	"github.com/miekg/dns"
)

// typeSigning is the private type in which BIND records its progress in signing a
// zone. It is not in the IANA registry.
const typeSigning = 65534

const (
	bySigner = "the name server makes its own when it signs the domain"
	byOldKey = bySigner + ". The parent's DS records of these must be gone before the domain is served from here"
)

// leftOutBecause are the types that an import leaves out, and why. They come from
// signing the zone elsewhere (RFC 4034, RFC 5155, RFC 7344), or describe the zone
// as it was there.
var leftOutBecause = map[uint16]string{
	dns.TypeRRSIG: bySigner, dns.TypeNSEC: bySigner, dns.TypeNSEC3: bySigner, dns.TypeNSEC3PARAM: bySigner,
	dns.TypeDNSKEY: byOldKey, dns.TypeCDS: bySigner, dns.TypeCDNSKEY: bySigner, typeSigning: bySigner,
	dns.TypeDS:     "domains have no such records here, so nobody can validate what is delegated, except to domains here",
	dns.TypeZONEMD: "they are digests of the zone as it was elsewhere", // RFC 8976
}

// leftOut counts the records of one type that are left out. A signed zone has very
// many, so there is one warning for each type.
type leftOut struct {
	rrtype uint16
	line   int // of the first
	count  int
}

func (p *parser) leaveOut(e entry, rrtype uint16) {
	for i := range p.left {
		if p.left[i].rrtype == rrtype {
			p.left[i].count++
			return
		}
	}
	p.left = append(p.left, leftOut{rrtype, e.line, 1})
}

func (p *parser) warnLeftOut() {
	for _, l := range p.left {
		many := ""
		if l.count > 1 {
			many = fmt.Sprintf(", all %d", l.count)
		}
		p.warn(l.line, "type", "%s records are left out%s: %s", dns.Type(l.rrtype), many, leftOutBecause[l.rrtype])
	}
}
