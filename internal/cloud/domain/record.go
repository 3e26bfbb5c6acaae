package domain

import (
	"encoding/json"
	"math"
	"strings"
)

// Record is one resource record of a domain, in the API's form.
type Record struct {
	ID        int64
	DomainID  int64
	Type      string
	Name      string // relative to the domain, @ for its apex; in the case given
	Data      string // a host name in it has no final dot, @ is the domain itself
	TTL       int    // seconds
	Priority  *int   // of MX and SRV, else nil; so are the others where a type has none
	Port      *int
	Weight    *int
	Flags     *int
	Tag       *string
	DropletID int64 // of the droplet that the cloud made it for, else 0
}

// key is the record's name as names are compared.
func (r Record) key() string { return strings.ToLower(r.Name) }

// The types of records that mean something special here.
const (
	typeCNAME = "CNAME"
	typeNS    = "NS"
	typePTR   = "PTR"
	typeSOA   = "SOA"
)

// Params are what a client says of a record; nil is what it leaves out.
type Params struct {
	Type     *string `json:"type"`
	Name     *string `json:"name"`
	Data     *string `json:"data"`
	TTL      *Number `json:"ttl"`
	Priority *Number `json:"priority"`
	Port     *Number `json:"port"`
	Weight   *Number `json:"weight"`
	Flags    *Number `json:"flags"`
	Tag      *string `json:"tag"`
}

// Number is an integer of any size: one that does not fit is the nearest that
// does, and so out of every range it is checked against.
type Number int64

func (n *Number) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, (*int64)(n)); err == nil {
		return nil
	}
	var f float64
	if err := json.Unmarshal(text, &f); err != nil && !strings.Contains(string(text), "e") {
		return err
	}
	*n = math.MaxInt64
	if text[0] == '-' {
		*n = math.MinInt64
	}
	return nil
}
