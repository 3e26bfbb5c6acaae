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

// Config says what a server is. The zero value of a field that is not explained
// means none.
type Config struct {
	Version string // of Rockpool, for answers and the panel
	Data    Data
	Log     *slog.Logger

	// Machines
	Compute        string       // the name of the engine that runs machines
	Addresses      netip.Prefix // of droplets
	Forward        []uint16     // TCP ports that reach a guest at its public address
	Regions        []string     // slugs; empty for all that there are
	Mirror         string       // of Debian's packages, to build images from; empty for Debian's own
	Offline        bool         // never download images
	ResumeDroplets bool         // after a restart of the host, start the droplets that ran before it
	DropletLimit   int          // most droplets of an account

	// Budget returns what all droplets together may have of a host with so much
	// memory and disk; nil for no bound.
	Budget func(memoryMB, diskGB int) droplet.Budget

	// Names
	Nameservers []string // host names for the NS records of new domains, without final dots
	Names       NamesConfig

	// The front door
	Certificate *certificate.Certificate // for HTTPS and DNS over TLS; nil for plain HTTP
	RateLimit   int                      // requests of a token in an hour; 0 for no bound
	BurstLimit  int                      // and in a minute
	Hold        time.Duration            // how long a GET of a young, unfinished action waits for its end
	SSH         func() panel.SSH         // how the panel says that one logs in

	// What is kept
	KeepActions time.Duration // after their end; 0 for ever
	DiskReserve int64         // bytes that are kept for deletes on a full disk
	LeastFree   int64         // bytes that must be free for anything new to be made
}

// NamesConfig configures a name server.
type NamesConfig struct {
	Addresses    []netip.AddrPort // by UDP and TCP
	TLSAddresses []netip.AddrPort // by TLS (RFC 7858); they need a certificate
	Transfer     transfer.Config  // the server sets its Registry
}

// propagation is how long a change may take to reach all name servers.
// Secondaries that no NOTIFY reaches ask as often as the SOA record says. A
// database of several machines has other nodes, whose secondaries this one does
// not know.
func (c Config) propagation() time.Duration {
	t := c.Names.Transfer
	if c.Data.Database != "" || len(t.Secondaries)+len(t.Allow)+len(t.Keys) > 0 {
		return record.SecondaryLag
	}
	return time.Minute
}
