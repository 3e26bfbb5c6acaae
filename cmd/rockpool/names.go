package main

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

// namesFlags configure the name server.
type namesFlags struct {
	transferFlags
	DNS    string `help:"Address and port of the name server of the domains, by UDP and TCP; empty for none." default:"127.0.0.1:5300"`
	DNSTLS string `name:"dns-tls" help:"Address and port of the name server by TLS (RFC 7858), customarily port 853; it needs a certificate. Default: none."`
}

// otherDNS is the advice for a name server that cannot listen on its address.
const otherDNS = "choose another address by --dns or --dns-tls"

// config returns the configuration of the name server. DNS over TLS requires
// a certificate.
func (f namesFlags) config(certificate bool) (c server.NamesConfig, err error) {
	if c.Transfer, err = f.transferFlags.config(); err != nil {
		return c, err
	}
	if c.Addresses, err = addresses("--dns", f.DNS); err != nil {
		return c, err
	}
	if c.TLSAddresses, err = addresses("--dns-tls", f.DNSTLS); err != nil {
		return c, err
	}
	if f.DNSTLS != "" && !certificate {
		return c, errors.New("--dns-tls needs a certificate: give --tls-certificate and --tls-key as well")
	}
	return c, nil
}

// addresses parses a flag that is an address with a port, or empty.
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
