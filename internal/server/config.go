package server

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
	"github.com/rockpool-cloud/rockpool/internal/naming/transfer"
	"github.com/rockpool-cloud/rockpool/internal/panel"
)

// Config configures a Server. The zero value of a field without an
// explanation means none.
type Config struct {
	Version string // of Rockpool, for responses and the panel
	Data    Data
	Log     *slog.Logger

	// Machines
	Compute        string       // the name of the engine that runs machines
	Addresses      netip.Prefix // of droplets
	Forward        []uint16     // TCP ports that reach a guest at its public address
	Regions        []string     // slugs; empty for all
	Mirror         string       // of Debian's packages, to build images from; empty for Debian's own
	Offline        bool         // never download images
	ResumeDroplets bool         // after a restart of the host, start the droplets that ran before it
	DropletLimit   int          // most droplets of an account

	// Budget returns the budget of all droplets together on a host with that
	// memory and disk; nil for no limit.
	Budget func(memoryMB, diskGB int) droplet.Budget

	// Names
	Nameservers []string // host names for the NS records of new domains, without final dots
	Names       NamesConfig

	// The front door
	Certificate *certificate.Certificate // for HTTPS and DNS over TLS; nil for plain HTTP
	RateLimit   int                      // requests of a token in an hour; 0 for no limit
	BurstLimit  int                      // requests of a token in a minute
	Hold        time.Duration            // how long a GET of a young, unfinished action waits for its end
	SSH         func() panel.SSH         // the login command that the panel shows

	// What is kept
	KeepActions time.Duration // time after their end; 0 for ever
	DiskReserve int64         // bytes reserved for deletes on a full disk
	LeastFree   int64         // bytes that must be free for a create
}

// NamesConfig configures a name server.
type NamesConfig struct {
	Addresses    []netip.AddrPort // for UDP and TCP
	TLSAddresses []netip.AddrPort // for TLS (RFC 7858); require a certificate
	Transfer     transfer.Config  // the server sets its Registry
}

// propagation returns how long a change takes at most to reach all name
// servers. Secondaries that get no NOTIFY poll at the interval of the SOA
// record. A PostgreSQL database may have other nodes, and this node does not
// know their secondaries.
func (c Config) propagation() time.Duration {
	t := c.Names.Transfer
	if c.Data.Database != "" || len(t.Secondaries)+len(t.Allow)+len(t.Keys) > 0 {
		return record.SecondaryLag
	}
	return time.Minute
}
