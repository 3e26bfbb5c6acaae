// Package zone has the values that pass between the owner of zones and a name server:
// whole zones, changes of zones, and what signs them.
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
	DS      []dns.RR // DS records of Origin; if the same server has the zone above, that zone contains them
}

// Change is the difference between two versions of a zone, in the form of IXFR (RFC
// 1995, section 4).
type Change struct {
	Origin  string
	Removed []dns.RR // the old SOA first
	Added   []dns.RR // the new SOA first
}

// Signer signs the answers from one zone to queries that ask for DNSSEC. Its methods
// may be called concurrently. The DNSKEY, CDS and CDNSKEY records are ordinary
// records of the zone.
type Signer interface {
	// Sign returns the RRSIG records of an RRset. The server may cache them until
	// the time fresh. The owner of a wildcard's RRset is the wildcard.
	Sign(rrset []dns.RR) (signatures []dns.RR, fresh time.Time, err error)

	// Deny returns the records that prove a denial. They are not signed: the server
	// calls Sign for each RRset and sends both.
	Deny(Denial) []dns.RR

	// SignZone signs a whole zone, whose records begin with the SOA record, for
	// servers that have no key. The result is the records, the SOA record first,
	// their RRSIG records and a chain of NSEC records. SignZone passes them to add
	// name by name, as they are signed. The signatures are valid for longer than any
	// server serves a copy. Earlier is the result for another version of the zone, or
	// nil: signatures of unchanged RRsets are taken from it.
	SignZone(ctx context.Context, records, earlier []dns.RR, add func([]dns.RR)) error
}

// Denial is a name or type whose absence a signed zone has to prove.
type Denial struct {
	Kind    DenialKind
	Name    string   // the queried name, or the delegation; lower case
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

// Copy returns copies of records. Records that are packed concurrently must be
// copied, because miekg/dns writes into a record while it packs it.
func Copy(records []dns.RR) []dns.RR {
	all := make([]dns.RR, len(records))
	for i, rr := range records {
		all[i] = dns.Copy(rr)
	}
	return all
}
