package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/dns"
	"github.com/rockpool-cloud/rockpool/internal/domain"
	"github.com/rockpool-cloud/rockpool/internal/transfer"
)

// transferFlags are about the name servers that copy this one's zones.
type transferFlags struct {
	Secondary     []secondary    `help:"Name servers that are told when a zone changes, as ADDRESS:PORT, or ADDRESS:PORT/KEY to have that signed by a key of --transfer-key."`
	TransferAllow []netip.Prefix `help:"Networks that may copy zones without a key."`
	TransferKey   []transferKey  `help:"Keys by which zones may be copied, as NAME:ALGORITHM:SECRET in base64 (TSIG)."`
	Catalog       string         `help:"Name of the catalog zone, by which secondaries learn which zones there are (RFC 9432)."`
}

// transferKey is a TSIG key in the form that dig takes, with its first two
// parts the other way round.
type transferKey struct{ transfer.Key }

func (k *transferKey) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ":")
	if len(parts) != 3 {
		return fmt.Errorf("a key is NAME:ALGORITHM:SECRET")
	}
	k.Key = transfer.Key{Name: mdns.Fqdn(parts[0]), Algorithm: mdns.Fqdn(parts[1]), Secret: parts[2]}
	return nil
}

// secondary is a name server that is told of changes.
type secondary struct{ transfer.Secondary }

func (s *secondary) UnmarshalText(text []byte) error {
	address, key, signed := strings.Cut(string(text), "/")
	var err error
	if s.Address, err = netip.ParseAddrPort(address); err != nil || s.Address.Port() == 0 {
		return fmt.Errorf("%q is not an address with a port: a secondary is ADDRESS:PORT or ADDRESS:PORT/KEY", address)
	}
	if s.Key = ""; signed {
		if _, ok := mdns.IsDomainName(key); !ok || key == "" {
			return fmt.Errorf("%q is not the name of a key: a secondary is ADDRESS:PORT or ADDRESS:PORT/KEY", key)
		}
		s.Key = mdns.CanonicalName(key)
	}
	return nil
}

func (f transferFlags) config(registry prometheus.Registerer) (transfer.Config, error) {
	config := transfer.Config{Allow: f.TransferAllow, Registry: registry}
	if f.Catalog != "" {
		config.Catalog = mdns.CanonicalName(f.Catalog)
	}
	for _, key := range f.TransferKey {
		config.Keys = append(config.Keys, key.Key)
	}
	for _, to := range f.Secondary {
		if to.Key != "" && !f.hasKey(to.Key) {
			return config, fmt.Errorf("--secondary %s/%s: no --transfer-key has that name", to.Address, to.Key)
		}
		config.Secondaries = append(config.Secondaries, to.Secondary)
	}
	return config, nil
}

func (f transferFlags) hasKey(name string) bool {
	return slices.ContainsFunc(f.TransferKey, func(k transferKey) bool { return mdns.CanonicalName(k.Name) == name })
}

// maxDenials is how many signatures of denials are kept, some 600 bytes each.
const maxDenials = 50_000

// propagation is how long a change may take to be at all name servers: other
// nodes look for it within a second, secondaries that no NOTIFY reaches when the
// SOA record says.
func (f transferFlags) propagation() time.Duration {
	if len(f.Secondary)+len(f.TransferAllow)+len(f.TransferKey) > 0 {
		return domain.SecondaryLag
	}
	return time.Minute
}

// openNames makes the name server, not started, and what its secondaries copy
// from. Without an address it has the zones all the same, so that what it
// refuses is found out.
func (cl *cloud) openNames(c *serveCommand, registry prometheus.Registerer, log *slog.Logger) (err error) {
	copies, err := c.transferFlags.config(registry)
	if err != nil {
		return err
	}
	if cl.primary, err = transfer.New(copies); err != nil {
		return err
	}
	config := dns.Config{Registry: registry, Log: log, Transfer: cl.primary.Transfer, TSIG: cl.primary.TSIG()}
	if config.Addresses, err = addresses("--dns", c.DNS); err != nil {
		return err
	}
	if config.TLSAddresses, err = addresses("--dns-tls", c.DNSTLS); err != nil {
		return err
	}
	switch {
	case cl.certificate != nil:
		config.TLS = cl.certificate.Config()
	case c.DNSTLS != "":
		return errors.New("--dns-tls needs a certificate: give --tls-certificate and --tls-key as well")
	}
	if cl.names, err = dns.New(config); err != nil {
		return err
	}
	cl.primary.Attach(cl.names)
	return nil
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

// startNames has the name server answer.
func (cl *cloud) startNames(c *serveCommand) error {
	if c.DNS == "" && c.DNSTLS == "" {
		return nil
	}
	if err := cl.names.Start(); err != nil {
		return fmt.Errorf("%w; choose another address by --dns or --dns-tls", err)
	}
	return nil
}

// closeNames ends the name server, as far as it has come to be.
func (cl *cloud) closeNames() error {
	if cl.primary != nil {
		cl.primary.Close()
	}
	if cl.names != nil {
		return cl.names.Close()
	}
	return nil
}

// nameserverAddresses is where names are answered, for people.
func (cl *cloud) nameserverAddresses() string {
	var all []string
	for _, address := range cl.names.Addresses() {
		all = append(all, address.String())
	}
	for _, address := range cl.names.TLSAddresses() {
		all = append(all, address.String()+" by TLS")
	}
	return strings.Join(all, ", ")
}
