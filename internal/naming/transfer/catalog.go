package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// catalog is the zone that lists the other zones (RFC 9432).
type catalog struct {
	origin string // "" for no catalog

	mu      sync.Mutex
	serial  uint32          // 0 before the first version
	members map[string]bool // of the present version
	changed map[string]bool // zones that the next version adds (true) or removes
}

// soaRecord returns the SOA record. Its times are short, so that a secondary soon
// recovers from a lost NOTIFY.
func (c *catalog) soaRecord(serial uint32) dns.RR {
	return &dns.SOA{Hdr: c.header(c.origin, dns.TypeSOA), Ns: "invalid.", Mbox: "invalid.", Serial: serial,
		Refresh: 60, Retry: 10, Expire: 1209600, Minttl: 0}
}

func (c *catalog) header(owner string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET}
}

// member returns the record that lists a zone. The label of a zone never changes.
func (c *catalog) member(origin string) dns.RR {
	sum := sha256.Sum256([]byte(origin))
	return &dns.PTR{Hdr: c.header(hex.EncodeToString(sum[:16])+".zones."+c.origin, dns.TypePTR), Ptr: origin}
}

// check rejects a name of the catalog that is too long for the names of members below
// it.
func (c *catalog) check() error {
	longest := c.member(c.origin).Header().Name
	if _, err := dns.PackDomainName(longest, make([]byte, 255), 0, nil, false); err != nil {
		return fmt.Errorf("transfer: %s can't be the catalog's name: names in it are %d characters longer, and 253 is the most: %w",
			c.origin, len(longest)-len(c.origin), err)
	}
	return nil
}

// list decides whether the next version lists a zone.
func (c *catalog) list(origin string, there bool) {
	if c.origin == "" {
		return
	}
	origin = dns.CanonicalName(origin)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members[origin] == there {
		delete(c.changed, origin)
	} else {
		c.changed[origin] = there
	}
}

// next returns the change to the next version. The caller must have locked mu.
func (c *catalog) next(serial uint32) zone.Change {
	change := zone.Change{Origin: c.origin, Removed: []dns.RR{c.soaRecord(c.serial)}, Added: []dns.RR{c.soaRecord(serial)}}
	for origin, there := range c.changed {
		if there {
			change.Added = append(change.Added, c.member(origin))
		} else {
			change.Removed = append(change.Removed, c.member(origin))
		}
	}
	return change
}

// Catalog makes the zones that were put and not removed, rejected or not, the version
// of the catalog with that serial. If the zones have changed but the serial is not
// later than the last one, it uses the last one plus 1.
func (p *Primary) Catalog(serial uint32) error {
	c := &p.catalog
	if c.origin == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.serial != 0 && !zone.Later(serial, c.serial) {
		if len(c.changed) == 0 {
			return nil
		}
		serial = c.serial + 1
	}
	if err := p.publish(c.next(serial)); err != nil {
		return fmt.Errorf("transfer: catalog: %w", err)
	}
	c.serial = serial
	for origin, there := range c.changed {
		if there {
			c.members[origin] = true
		} else {
			delete(c.members, origin)
		}
	}
	clear(c.changed)
	return nil
}

// publish puts the first version of the catalog and applies changes to it from then
// on.
func (p *Primary) publish(change zone.Change) error {
	c := &p.catalog
	if c.serial != 0 {
		return p.Apply(change)
	}
	records := append(change.Added, &dns.NS{Hdr: c.header(c.origin, dns.TypeNS), Ns: "invalid."},
		&dns.TXT{Hdr: c.header("version."+c.origin, dns.TypeTXT), Txt: []string{"2"}})
	return p.put(zone.Zone{Origin: c.origin, Records: records})
}
