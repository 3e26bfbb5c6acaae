package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/transfer"
)

// namesFlags are about the name server of the domains.
type namesFlags struct {
	transferFlags
	DNS    string `help:"Address and port of the name server of the domains, by UDP and TCP; empty for none." default:"127.0.0.1:5300"`
	DNSTLS string `name:"dns-tls" help:"Address and port of the name server by TLS (RFC 7858), customarily port 853; it needs a certificate. Default: none."`
}

// names is the name server, and what its secondaries copy from, which stands
// before it. Without an address it has the zones all the same, so that what it
// refuses is found out.
type names struct {
	*transfer.Primary
	server *dns.Server
	silent bool // it has no address
}

// open makes the name server, not started. The certificate may be nil.
func (f namesFlags) open(c *certificate.Certificate, registry prometheus.Registerer, log *slog.Logger) (*names, error) {
	copies, err := f.transferFlags.config(registry)
	if err != nil {
		return nil, err
	}
	primary, err := transfer.New(copies)
	if err != nil {
		return nil, err
	}
	config := dns.Config{Registry: registry, Log: log, Transfer: primary.Transfer, TSIG: primary.TSIG(), Connections: maxConnections(20_000)}
	if config.Addresses, err = addresses("--dns", f.DNS); err != nil {
		return nil, err
	}
	if config.TLSAddresses, err = addresses("--dns-tls", f.DNSTLS); err != nil {
		return nil, err
	}
	switch {
	case c != nil:
		config.TLS = c.Config()
	case f.DNSTLS != "":
		return nil, errors.New("--dns-tls needs a certificate: give --tls-certificate and --tls-key as well")
	}
	server, err := dns.New(config)
	if err != nil {
		return nil, err
	}
	primary.Attach(server)
	return &names{Primary: primary, server: server, silent: f.DNS == "" && f.DNSTLS == ""}, nil
}

// addresses reads a flag that is an address with a port, or empty for none.
func addresses(flag, text string) ([]netip.AddrPort, error) {
	if text == "" {
		return nil, nil
	}
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		return nil, fmt.Errorf("%s %s: not an address with a port; give one, or nothing for none", flag, text)
	}
	return []netip.AddrPort{address}, nil
}

// answer has the name server answer.
func (n *names) answer() error {
	if n.silent {
		return nil
	}
	if err := n.server.Start(); err != nil {
		return fmt.Errorf("%w; choose another address by --dns or --dns-tls", err)
	}
	return nil
}

func (n *names) close() error {
	n.Primary.Close()
	return n.server.Close()
}

// String is where names are answered, for people.
func (n *names) String() string {
	var all []string
	for _, address := range n.server.Addresses() {
		all = append(all, address.String())
	}
	for _, address := range n.server.TLSAddresses() {
		all = append(all, address.String()+" by TLS")
	}
	return strings.Join(all, ", ")
}
