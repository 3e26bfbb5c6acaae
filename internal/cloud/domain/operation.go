package domain

import (
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// operation creates, updates or deletes one record in an edit.
type operation struct {
	kind   kind
	id     int64          // of the record to update or delete
	params record.Params  // to create or update the record
	ready  *record.Record // replaces params; already validated
	field  string         // its field in the request, empty if it is the whole request
	line   int            // its line in the zone file; 0 if it comes from elsewhere
	given  bool           // a record that every domain has: a conflict is the fault of the other operation

	before *record.Record // nil if the operation creates the record
	after  *record.Record // nil if the operation deletes the record
}

// kind is the kind of an operation; the words are the API's.
type kind string

const (
	kindCreate kind = "create"
	kindUpdate kind = "update"
	kindDelete kind = "delete"
)

// fault is an operation's error.
type fault struct {
	operation *operation
	*apierr.Error
}

// The messages are the contract's: clients compare them.
var (
	errExists = apierr.Invalid("data", "Record already exists")
	errCNAME  = apierr.Invalid("name", "CNAME records cannot share a name with other records")
)

var (
	errLastNS   = apierr.Refused("A domain needs at least one NS record at its apex")
	errKeepSOA  = apierr.Refused("SOA records can't be deleted: every domain has one")
	errOfCloud  = apierr.Refused("This PTR record follows a droplet's name: rename the droplet to change it")
	errTwice    = apierr.Invalid("id", "A record can stand in a batch only once")
	errNoRecord = apierr.Invalid("id", "The domain has no record with this id")
)

// maxRRset is the greatest size of an RRset in bytes, without compression. It is
// answered in one message of at most 65,535 bytes (RFC 1035, section 4.2.2),
// together with its signatures.
const maxRRset = 60_000

var errRRsetTooLarge = apierr.Invalid("data", "The records of this name and type have more than %d bytes together, which is more than a DNS message can carry", maxRRset)

// joinFaults joins the faults of a request into one error, or nil. Its message is
// that of the first fault; its fields name all of them.
func joinFaults(faults []fault) error {
	if len(faults) == 0 {
		return nil
	}
	if faults[0].operation.field == "" {
		return faults[0].Error
	}
	first := *faults[0].Error
	joined := apierr.Refused("%s", first.Message)
	for _, f := range faults[:min(len(faults), maxFaults)] {
		field := apierr.Field{Field: f.operation.field, Message: f.Message}
		if len(f.Fields) > 0 && f.operation.kind != kindDelete {
			field.Field += "." + f.Fields[0].Field
		}
		joined.Fields = append(joined.Fields, field)
	}
	return joined
}

// maxFaults is the greatest number of faults that an error names.
const maxFaults = 100
