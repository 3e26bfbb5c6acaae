package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/transfer"
)

// transferFlags configure the secondaries, which copy the zones of this name
// server.
type transferFlags struct {
	Secondary     []secondary    `help:"Name servers that are told when a zone changes, as ADDRESS:PORT, or ADDRESS:PORT/KEY to have that signed by a key of --transfer-key."`
	TransferAllow []netip.Prefix `help:"Networks that may copy zones without a key."`
	TransferKey   []transferKey  `help:"Keys by which zones may be copied, as NAME:ALGORITHM:SECRET in base64 (TSIG)."`
	Catalog       string         `help:"Name of the catalog zone, by which secondaries learn which zones there are (RFC 9432)."`
}

// transferKey is a TSIG key. The form is that of dig, with the first two
// parts exchanged.
type transferKey struct{ transfer.Key }

func (k *transferKey) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ":")
	if len(parts) != 3 {
		return fmt.Errorf("a key is NAME:ALGORITHM:SECRET")
	}
	k.Key = transfer.Key{Name: mdns.Fqdn(parts[0]), Algorithm: mdns.Fqdn(parts[1]), Secret: parts[2]}
	return nil
}

// secondary is a name server that gets a NOTIFY for each change.
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

func (f transferFlags) config() (transfer.Config, error) {
	config := transfer.Config{Allow: f.TransferAllow}
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
