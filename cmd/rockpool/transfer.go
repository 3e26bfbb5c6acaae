package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/domain"
	"github.com/rockpool-cloud/rockpool/internal/transfer"
)

// transferFlags are about the name servers that copy this one's zones.
type transferFlags struct {
	Secondary     []netip.AddrPort `help:"Addresses with ports of name servers that are told when a zone changes."`
	TransferAllow []netip.Prefix   `help:"Networks that may copy zones without a key."`
	TransferKey   []transferKey    `help:"Keys by which zones may be copied, as NAME:ALGORITHM:SECRET in base64 (TSIG)."`
	Catalog       string           `help:"Name of the catalog zone, by which secondaries learn which zones there are (RFC 9432)."`
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

func (f transferFlags) config(registry prometheus.Registerer) transfer.Config {
	config := transfer.Config{Allow: f.TransferAllow, Registry: registry}
	if f.Catalog != "" {
		config.Catalog = mdns.CanonicalName(f.Catalog)
	}
	for _, key := range f.TransferKey {
		config.Keys = append(config.Keys, key.Key)
	}
	for _, address := range f.Secondary {
		config.Secondaries = append(config.Secondaries, transfer.Secondary{Address: address})
	}
	return config
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
