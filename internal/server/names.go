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

// maxDenials is how many signatures of denials are kept, some 600 bytes each.
const maxDenials = 50_000

// ErrListen says that an address of the name server can't be had.
var ErrListen = errors.New("serve names")

var errNoCertificate = errors.New("DNS over TLS needs a certificate")

// Names is a name server, and the primary in front of it that its secondaries
// copy zones from. Without an address it has the zones all the same, so that
// what it rejects is found out.
type Names struct {
	*transfer.Primary
	server *dns.Server
	silent bool // it has no address
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

// feed constructs the feed that publishes the domains of a database here.
func (n *Names) feed(db *store.DB, log *slog.Logger) *feed.Feed {
	return &feed.Feed{DB: db, Log: log, Publisher: n, Denials: dnssec.NewCache(maxDenials)}
}

// room hands the name server to the loops of a Server. Its sockets are opened by
// Answer.
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

// Answer opens the name server's sockets, if it has an address. Its error is an
// ErrListen.
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

// Addresses are where names are answered by UDP and TCP.
func (n *Names) Addresses() []netip.AddrPort { return n.server.Addresses() }

// TLSAddresses are where names are answered by TLS.
func (n *Names) TLSAddresses() []netip.AddrPort { return n.server.TLSAddresses() }

// String is where names are answered, for people.
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
