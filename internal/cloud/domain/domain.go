// Package domain is the domains of the API: it creates, changes, imports, signs and
// deletes them and their records, and makes PTR records for droplets.
//
//   - Package record has the rules of records.
//   - Package zonefile parses and writes zone files.
//   - Package zonedb stores domains, records and keys.
//   - Package feed brings changes to name servers.
package domain

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// defaultTTL is the TTL of a domain that is created without one, in seconds.
const defaultTTL = 1800

// Service is the domains of a cloud.
type Service struct {
	DB   *store.DB
	Log  *slog.Logger
	Feed *feed.Feed // of DB

	// Nameservers are in the NS records of every new domain, and the first one is in
	// its SOA record: host names without a final dot.
	Nameservers []string

	// Propagation is how long it takes until all name servers of the domains,
	// secondaries too, serve a change. It determines how long the stages of signing
	// last.
	Propagation time.Duration
}

// Nameservers returns the names of n name servers below a domain: ns1, ns2 and so
// on.
func Nameservers(domain string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("ns%d.%s", i+1, domain)
	}
	return names
}
