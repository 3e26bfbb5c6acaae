package record

import (
	"cmp"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// rule describes the attributes of a type's records.
type rule struct {
	needsName   bool // else the name is @ by default
	hasPriority bool
	hasPort     bool // and a weight
	hasTag      bool // and flags
	noWildcard  bool
	data        func(zone, text string, tag *string) (string, error)
}

// rules are the types of the contract's table, and PTR for reverse zones.
var rules = map[string]rule{
	"A":       {needsName: true, data: addressData("IPv4", netip.Addr.Is4)},
	"AAAA":    {needsName: true, data: addressData("IPv6", netip.Addr.Is6)},
	"CAA":     {needsName: true, hasTag: true, data: caaData},
	TypeCNAME: {needsName: true, data: hostData},
	"MX":      {hasPriority: true, data: hostOrNoneData},
	TypeNS:    {noWildcard: true, data: hostData},
	TypePTR:   {needsName: true, data: hostData},
	"SRV":     {needsName: true, hasPriority: true, hasPort: true, data: hostOrNoneData},
	"TXT":     {data: txtData},
}

// TypeNames lists the types that every domain may have, for messages.
const TypeNames = "A, AAAA, CAA, CNAME, MX, NS, SRV, TXT"

// The limits of TTLs, in seconds (contract; RFC 2181, section 8).
const (
	MinTTL = 30
	MaxTTL = math.MaxInt32
)

// NewRecord validates the attributes of a new record. Its errors are
// apierr.Error.
func (z Zone) NewRecord(p Params) (Record, error) { return z.record(p, nil) }

// ChangedRecord validates the changed attributes of an existing record. Omitted
// attributes stay. Data that equals the shown data stays too: it is shown
// without its final dot, so it would not be valid as new data. Another type makes
// it another record with the same id.
func (z Zone) ChangedRecord(old Record, p Params) (Record, error) {
	if old.Type == TypeSOA {
		return z.changedSOA(old, p)
	}
	var kept *string
	if sameType := p.typeName() == "" || p.typeName() == old.Type; sameType {
		if p.Data == nil {
			p.Data = &old.Data
		}
		tag := p.Tag
		if tag == nil {
			tag = old.Tag
		}
		if *p.Data == old.Data && isURL(tag) == isURL(old.Tag) {
			kept = &old.Data
		}
	}
	r, err := z.record(p.withDefaults(old), kept)
	r.ID = old.ID
	return r, err
}

// record validates all attributes of a record. Data that is kept is not
// validated again.
func (z Zone) record(p Params, kept *string) (r Record, err error) {
	if r.Type, err = z.recordType(p); err != nil {
		return r, err
	}
	rule := rules[r.Type]
	if r.Name, err = z.recordName(p, rule); err != nil {
		return r, err
	}
	if err := r.setNumbers(p, rule); err != nil {
		return r, err
	}
	if kept != nil {
		r.Data = *kept
	} else if r.Data, err = rule.data(z.Name, deref(p.Data), r.Tag); err != nil {
		return r, err
	}
	r.TTL, err = CheckTTL(p.TTL, z.TTL)
	return r, err
}

// changedSOA rejects a change of anything but the TTL.
func (z Zone) changedSOA(old Record, p Params) (Record, error) {
	same := p.typeName() == "" || p.typeName() == TypeSOA
	same = same && (p.Data == nil || *p.Data == old.Data)
	if p.Name != nil && same {
		name, err := relativeName(z.Name, cmp.Or(*p.Name, Apex))
		same = err == nil && name == Apex
	}
	if !same {
		return old, apierr.Refused("SOA records can only have their TTL changed")
	}
	var err error
	old.TTL, err = CheckTTL(p.TTL, old.TTL)
	return old, err
}

func (z Zone) recordType(p Params) (string, error) {
	name := p.typeName()
	_, known := rules[name]
	switch {
	case name == "":
		return "", apierr.Invalid("type", "Type can't be blank")
	case name == TypeSOA:
		return "", apierr.Invalid("type", "SOA records can't be created: every domain has one")
	case name == TypePTR && !IsReverse(z.Name):
		return "", apierr.Invalid("type", "PTR records can only be in domains below in-addr.arpa or ip6.arpa; type must be one of: %s", TypeNames)
	case !known:
		return "", apierr.Invalid("type", "Type must be one of: %s", TypeNames)
	}
	return name, nil
}

func (z Zone) recordName(p Params, rule rule) (string, error) {
	text := strings.TrimSpace(deref(p.Name))
	if text == "" {
		if rule.needsName {
			return "", apierr.Invalid("name", "Name can't be blank")
		}
		return Apex, nil
	}
	name, err := relativeName(z.Name, text)
	if err == nil && rule.noWildcard && strings.HasPrefix(name, "*") {
		return "", apierr.Invalid("name", "Name is invalid: NS records can't be wildcards")
	}
	return name, err
}

// setNumbers sets the attributes that the record's type has beside its data. The
// attributes of other types are ignored: clients send zeros for them.
func (r *Record) setNumbers(p Params, rule rule) (err error) {
	if rule.hasPriority {
		if r.Priority, err = checkNumber("priority", p.Priority, math.MaxUint16); err != nil {
			return err
		}
	}
	if rule.hasPort {
		if r.Port, err = checkNumber("port", p.Port, math.MaxUint16); err != nil {
			return err
		}
		if r.Weight, err = checkNumber("weight", p.Weight, math.MaxUint16); err != nil {
			return err
		}
	}
	if !rule.hasTag {
		return nil
	}
	if r.Flags, err = checkNumber("flags", p.Flags, math.MaxUint8); err != nil {
		return err
	}
	tag := strings.ToLower(strings.TrimSpace(deref(p.Tag)))
	switch tag {
	case "":
		return apierr.Invalid("tag", "Tag can't be blank")
	case "issue", "issuewild", "iodef":
		r.Tag = &tag
		return nil
	}
	return apierr.Invalid("tag", "Tag must be one of: issue, issuewild, iodef")
}

func checkNumber(field string, n *Number, most int64) (*int, error) {
	name := strings.ToUpper(field[:1]) + field[1:]
	if n == nil {
		return nil, apierr.Invalid(field, "%s can't be blank", name)
	}
	if *n < 0 || int64(*n) > most {
		return nil, apierr.Invalid(field, "%s must be a number from 0 to %s", name, strconv.FormatInt(most, 10))
	}
	value := int(*n)
	return &value, nil
}

// CheckTTL validates a TTL in seconds; an omitted one is otherwise.
func CheckTTL(n *Number, otherwise int) (int, error) {
	switch {
	case n == nil:
		return otherwise, nil
	case *n < MinTTL:
		return 0, apierr.Invalid("ttl", "TTL must be greater than or equal to %d", MinTTL)
	case *n > MaxTTL:
		return 0, apierr.Invalid("ttl", "TTL must be less than or equal to %d", MaxTTL)
	}
	return int(*n), nil
}
