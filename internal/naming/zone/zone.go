// Package zone is what those who keep zones and those who serve them say to
// each other.
package zone

import (
	"context"
	"time"

	"github.com/miekg/dns"
)

// Zone is a whole zone.
type Zone struct {
	Origin  string   // lower case, fully qualified, with the final dot
	Records []dns.RR // the SOA first; every owner is at or below Origin
	Signer  Signer   // nil if the zone is not signed
	DS      []dns.RR // of Origin, for the zone above to have if the same server has that; nil if it is to have none
}

// Change is a difference of one zone, as IXFR has it (RFC 1995, section 4).
type Change struct {
	Origin  string
	Removed []dns.RR // the old SOA first
	Added   []dns.RR // the new SOA first
}

// Signer signs what is answered of one zone to those who ask for DNSSEC. Its
// methods are called by many goroutines at once. The DNSKEY RRset and its like
// are ordinary records of the zone.
type Signer interface {
	// Sign returns the RRSIG records of an RRset, which may be given back
	// until the time fresh: the server keeps them with the RRset so long. The
	// owner is as in the zone: of a wildcard's RRset it is the wildcard.
	Sign(rrset []dns.RR) (signatures []dns.RR, fresh time.Time, err error)

	// Deny returns the records, not yet signed, that prove a denial. The
	// server has each of their RRsets signed and sends both.
	Deny(Denial) []dns.RR

	// SignZone makes all of a zone, whose records begin with the SOA, for a
	// server that has no key: the records, the SOA first, with their RRSIG
	// records and a chain of NSEC records. It hands them to add name by name, as
	// they are signed. The signatures hold for longer than any server serves a
	// copy. Earlier is what it made of another version of the zone, or nil: what
	// has not changed need not be signed again.
	SignZone(ctx context.Context, records, earlier []dns.RR, add func([]dns.RR)) error
}

// Denial is what a signed zone has to prove the absence of.
type Denial struct {
	Kind    DenialKind
	Name    string   // the name that is asked for, or the delegation; lower case
	Closest string   // the closest encloser of Name (RFC 4592, section 3.3.1)
	Types   []uint16 // that exist at Name, or at the wildcard, in ascending order
	SOA     *dns.SOA // whose TTL is that of negative answers (RFC 2308, section 5)

	// TypesAt returns the types that exist at any name of the zone, in ascending
	// order; none if the name has no records.
	TypesAt func(name string) []uint16
}

// DenialKind is one of the cases of RFC 4035, section 3.1.3.
type DenialKind int

const (
	// NoName: Name does not exist, nor a wildcard that covers it.
	NoName DenialKind = iota
	// NoType: Name exists, maybe as an empty non-terminal, but not with the type.
	NoType
	// NoWildcardType: Name does not exist, and the wildcard at Closest, of
	// Types, does not have the type.
	NoWildcardType
	// Expanded: the answer is made from the wildcard at Closest; Name itself
	// does not exist.
	Expanded
	// Unsigned: Name is a delegation without DS.
	Unsigned
)

// Copy copies records that several may pack at once: miekg/dns writes in what it
// packs.
func Copy(records []dns.RR) []dns.RR {
	all := make([]dns.RR, len(records))
	for i, rr := range records {
		all[i] = dns.Copy(rr)
	}
	return all
}
