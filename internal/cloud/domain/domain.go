// Package domain is the DNS zones of the cloud: what the API knows of them and
// their records, the rules for both, and the changes that name servers follow.
package domain

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// Domain is one zone.
type Domain struct {
	ID        int64
	AccountID int64
	Name      string // lower case, without a final dot
	TTL       int    // seconds: of the SOA record, and of records that ask for none
	Serial    uint32 // of the SOA record
	Primary   string // name server in the SOA record, without a final dot
	CreatedAt time.Time

	// The zone that the name server refused last, and why; both empty while it
	// serves what is here.
	BadZoneFile  string
	BadZoneError string

	keys string // what signs it, of one that is read to be served; "" if nothing does
}

// Origin is the domain's name as zone files and name servers write it.
func (d Domain) Origin() string { return d.Name + "." }

// What is in every SOA record, in seconds (contract, zone_file). The minimum is
// the TTL of negative answers (RFC 2308, section 4).
const (
	soaRefresh = 10800
	soaRetry   = 3600
	soaExpire  = 604800
	soaMinimum = 1800
)

// SecondaryLag is how long a secondary may have a version of a domain after the
// next one is there, if it hears nothing and its first try fails.
const SecondaryLag = (soaRefresh + soaRetry) * time.Second

// defaultTTL is the TTL of a domain that is made without one, in seconds.
const defaultTTL = 1800

// Service is the room's rules over the database and the name server.
type Service struct {
	DB  *store.DB
	Log *slog.Logger

	// Nameservers are in the NS records of every new domain, the first one in
	// its SOA record as well: host names without a final dot.
	Nameservers []string

	// Publisher answers queries by the domains; nil if nobody does.
	Publisher Publisher

	// Propagation is how long it takes until all name servers of the domains,
	// secondaries too, have a change. KeepKeys goes by it.
	Propagation time.Duration

	// Denials keeps signatures of signed domains' denials; nil: none are kept.
	Denials *dnssec.Cache

	feed feed
}

// Nameservers returns the names of n name servers below a domain: ns1 and so
// on.
func Nameservers(domain string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("ns%d.%s", i+1, domain)
	}
	return names
}

// CheckNameserver says what is wrong with the host name of a name server.
func CheckNameserver(name string) error {
	_, err := hostData("invalid", name+".", nil)
	return err
}

// nextSerial returns the serial of a zone's next version: the Unix time if
// that is later than the last serial and than floor, else one more than those.
// It skips 0, which some secondaries take for no serial at all.
func nextSerial(last, floor uint32, now time.Time) uint32 {
	next := uint32(now.Unix())
	for _, old := range []uint32{last, floor} {
		if old != 0 && !later(next, old) {
			next = old + 1
		}
	}
	if next == 0 {
		next = 1
	}
	return next
}

// later compares serials (RFC 1982, section 3.2).
func later(a, b uint32) bool { return int32(a-b) > 0 }
