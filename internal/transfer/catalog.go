package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/zone"
)

// catalog is the zone that lists the others (RFC 9432).
type catalog struct {
	origin string // "": there is none

	mu      sync.Mutex
	serial  uint32 // 0: not started
	members map[string]bool
}

// soaRecord has short times, for a secondary that misses a NOTIFY.
func (c *catalog) soaRecord() dns.RR {
	return &dns.SOA{Hdr: c.header(c.origin, dns.TypeSOA), Ns: "invalid.", Mbox: "invalid.", Serial: c.serial,
		Refresh: 60, Retry: 10, Expire: 1209600, Minttl: 0}
}

func (c *catalog) header(owner string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET}
}

// member lists a zone under a label that is always the same.
func (c *catalog) member(origin string) dns.RR {
	sum := sha256.Sum256([]byte(origin))
	return &dns.PTR{Hdr: c.header(hex.EncodeToString(sum[:16])+".zones."+c.origin, dns.TypePTR), Ptr: origin}
}

// startCatalog puts the catalog of the zones that are there. Its serial begins
// at the time, so that it grows when the program starts anew.
func (p *Primary) startCatalog() error {
	c := &p.catalog
	if c.origin == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial = uint32(time.Now().Unix())
	records := []dns.RR{c.soaRecord(), &dns.NS{Hdr: c.header(c.origin, dns.TypeNS), Ns: "invalid."},
		&dns.TXT{Hdr: c.header("version."+c.origin, dns.TypeTXT), Txt: []string{"2"}}}
	for origin := range p.server.Zones() {
		if origin != c.origin {
			c.members[origin] = true
			records = append(records, c.member(origin))
		}
	}
	return p.put(zone.Zone{Origin: c.origin, Records: records})
}

// list has the catalog list a zone if it is there, and only then, whoever else
// puts and removes it at the same time.
func (p *Primary) list(origin string) error {
	c := &p.catalog
	origin = dns.CanonicalName(origin)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, listed := p.server.Zone(origin)
	if c.serial == 0 || c.members[origin] == listed {
		return nil
	}
	change := zone.Change{Origin: c.origin, Removed: []dns.RR{c.soaRecord()}}
	c.serial++
	change.Added = []dns.RR{c.soaRecord()}
	if listed {
		change.Added = append(change.Added, c.member(origin))
		c.members[origin] = true
	} else {
		change.Removed = append(change.Removed, c.member(origin))
		delete(c.members, origin)
	}
	if err := p.Apply(change); err != nil {
		return fmt.Errorf("transfer: catalog: %w", err)
	}
	return nil
}
