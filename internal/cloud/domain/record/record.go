package record

import (
	"strings"
)

// Record is one resource record of a domain in the API's form.
type Record struct {
	ID        int64
	DomainID  int64
	Type      string
	Name      string // relative to the domain, @ for its apex; case is preserved
	Data      string // host names are without a final dot; @ is the domain itself
	TTL       int    // seconds
	Priority  *int   // of MX and SRV; this and the following are nil for other types
	Port      *int
	Weight    *int
	Flags     *int
	Tag       *string
	DropletID int64 // of the droplet that the cloud made the PTR record for, else 0
}

// Key is the record's name in lower case: names are compared without case.
func (r Record) Key() string { return strings.ToLower(r.Name) }

// RRset identifies the record's RRset: the records of one name and type, which
// DNS answers together.
func (r Record) RRset() string { return r.Key() + " " + r.Type }

// The types that have rules of their own.
const (
	TypeCNAME = "CNAME"
	TypeNS    = "NS"
	TypePTR   = "PTR"
	TypeSOA   = "SOA"
)
