package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/naming/transfer"
)

// maxDenials is the size of the cache of signed denials, which take about 600
// bytes each.
const maxDenials = 50_000

// ErrListen means that the name server cannot listen on one of its addresses.
var ErrListen = errors.New("serve names")

var errNoCertificate = errors.New("DNS over TLS needs a certificate")

// Names is a name server, and the primary from which its secondaries copy
// zones. Without an address it loads the zones as well, so that it finds
// zones with errors.
type Names struct {
	*transfer.Primary
	server *dns.Server
	silent bool // true if it has no address
}

// openNames constructs a name server. The certificate may be nil.
func openNames(c NamesConfig, certificate *certificate.Certificate, registry prometheus.Registerer, log *slog.Logger) (*Names, error) {
	c.Transfer.Registry = registry
	zones := zonedata.New()
	primary, err := transfer.New(zones, c.Transfer)
	if err != nil {
		return nil, err
	}
	config := dns.Config{
		Addresses: c.Addresses, TLSAddresses: c.TLSAddresses, Registry: registry, Log: log,
		Answers: answer.Config{Transfer: primary.Transfer, TSIG: primary.TSIG()}, Connections: maxConnections(20_000),
	}
	switch {
	case certificate != nil:
		config.TLS = certificate.Config()
	case len(c.TLSAddresses) > 0:
		return nil, errNoCertificate
	}
	server, err := dns.New(zones, config)
	if err != nil {
		return nil, err
	}
	return &Names{Primary: primary, server: server, silent: len(c.Addresses)+len(c.TLSAddresses) == 0}, nil
}

// feed returns the feed that publishes the domains of the database on this
// name server.
func (n *Names) feed(db *store.DB, log *slog.Logger) *feed.Feed {
	return &feed.Feed{DB: db, Log: log, Publisher: n, Denials: dnssec.NewCache(maxDenials)}
}

// room returns the background work of the name server. Answer opens its
// sockets.
func (n *Names) room() resource.Room {
	return resource.Room{
		Name: "secondaries",
		Recover: func(context.Context) error {
			n.Primary.Start()
			return nil
		},
		Close: n.close,
	}
}

// Answer opens the sockets of the name server, if it has an address. It fails
// with ErrListen.
func (n *Names) Answer() error {
	if n.silent {
		return nil
	}
	if err := n.server.Start(); err != nil {
		return fmt.Errorf("%w: %w", ErrListen, err)
	}
	return nil
}

func (n *Names) close() error {
	n.Primary.Close()
	return n.server.Close()
}

// Addresses returns the addresses for UDP and TCP.
func (n *Names) Addresses() []netip.AddrPort { return n.server.Addresses() }

// TLSAddresses returns the addresses for TLS.
func (n *Names) TLSAddresses() []netip.AddrPort { return n.server.TLSAddresses() }

// String returns all addresses, for people.
func (n *Names) String() string {
	var all []string
	for _, address := range n.server.Addresses() {
		all = append(all, address.String())
	}
	for _, address := range n.server.TLSAddresses() {
		all = append(all, address.String()+" by TLS")
	}
	return strings.Join(all, ", ")
}
