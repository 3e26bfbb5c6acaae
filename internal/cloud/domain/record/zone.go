package record

import (
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Zone is what the records of a domain depend on: the domain's name and its SOA
// record.
type Zone struct {
	Name    string // lower case, without a final dot
	TTL     int    // seconds: of the SOA record, and the default of other records
	Serial  uint32 // of the SOA record
	Primary string // name server in the SOA record, without a final dot
}

// Origin is the zone's name with the final dot, as in zone files and in DNS.
func (z Zone) Origin() string { return z.Name + "." }

// The fields of every SOA record, in seconds (contract, zone_file). The minimum
// is the TTL of negative answers (RFC 2308, section 4).
const (
	SOARefresh = 10800
	SOARetry   = 3600
	SOAExpire  = 604800
	SOAMinimum = 1800
)

// SecondaryLag is how long a secondary may serve an old version of a zone if it
// receives no NOTIFY and its first attempt to refresh fails.
const SecondaryLag = (SOARefresh + SOARetry) * time.Second

// SOA returns the zone's SOA record.
func (z Zone) SOA() *dns.SOA {
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: z.Origin(), Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: uint32(z.TTL)},
		Ns:  z.Primary + ".", Mbox: "hostmaster." + z.Origin(), Serial: z.Serial,
		Refresh: SOARefresh, Retry: SOARetry, Expire: SOAExpire, Minttl: SOAMinimum,
	}
}

// SameSOA reports whether two SOA records differ in nothing but serial and TTL.
func SameSOA(a, b *dns.SOA) bool {
	return strings.EqualFold(a.Ns, b.Ns) && strings.EqualFold(a.Mbox, b.Mbox) &&
		a.Refresh == b.Refresh && a.Retry == b.Retry && a.Expire == b.Expire && a.Minttl == b.Minttl
}

// RRs returns records in DNS form, after the zone's SOA record.
func (z Zone) RRs(records []Record) ([]dns.RR, error) {
	all := make([]dns.RR, 1, len(records)+1)
	all[0] = z.SOA()
	for _, r := range records {
		if r.Type == TypeSOA {
			continue
		}
		rr, err := z.RR(r)
		if err != nil {
			return nil, err
		}
		all = append(all, rr)
	}
	return all, nil
}

// Change returns the difference between two versions of a zone in DNS form.
func (z Zone) Change(to Zone, removed, added []Record) (c zone.Change, err error) {
	c = zone.Change{Origin: z.Origin()}
	if c.Removed, err = z.RRs(removed); err != nil {
		return c, err
	}
	c.Added, err = to.RRs(added)
	return c, err
}
