package domain

import (
	"cmp"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// rule is what makes a type's records.
type rule struct {
	needsName   bool // else the name is @ by default
	hasPriority bool
	hasPort     bool // and a weight
	hasTag      bool // and flags
	noWildcard  bool
	data        func(zone, text string, tag *string) (string, error)
}

// rules are the contract's table of types, and PTR for reverse zones.
var rules = map[string]rule{
	"A":       {needsName: true, data: addressData("IPv4", netip.Addr.Is4)},
	"AAAA":    {needsName: true, data: addressData("IPv6", netip.Addr.Is6)},
	"CAA":     {needsName: true, hasTag: true, data: caaData},
	typeCNAME: {needsName: true, data: hostData},
	"MX":      {hasPriority: true, data: hostOrNoneData},
	typeNS:    {noWildcard: true, data: hostData},
	typePTR:   {needsName: true, data: hostData},
	"SRV":     {needsName: true, hasPriority: true, hasPort: true, data: hostOrNoneData},
	"TXT":     {data: txtData},
}

const typeNames = "A, AAAA, CAA, CNAME, MX, NS, SRV, TXT"

// The limits of TTLs, in seconds (contract; RFC 2181, section 8).
const (
	minTTL = 30
	maxTTL = math.MaxInt32
)

// newRecord checks what a client says of a new record.
func (d Domain) newRecord(p Params) (Record, error) { return d.record(p, nil) }

// changedRecord checks what a client says of a record that is there. What it
// leaves out stays. Data that is given back as it was shown stays as well,
// although it has lost its final dot. Another type makes it another record,
// with the same id.
func (d Domain) changedRecord(old Record, p Params) (Record, error) {
	if old.Type == typeSOA {
		return d.changedSOA(old, p)
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
	r, err := d.record(p.over(old), kept)
	r.ID = old.ID
	return r, err
}

// over fills in what a client leaves out, except for the data: whether that
// stays depends.
func (p Params) over(old Record) Params {
	if p.typeName() == "" {
		p.Type = &old.Type
	}
	if p.Name == nil {
		p.Name = &old.Name
	}
	if p.Tag == nil {
		p.Tag = old.Tag
	}
	ttl := Number(old.TTL)
	p.TTL = cmp.Or(p.TTL, &ttl)
	p.Priority = cmp.Or(p.Priority, asNumber(old.Priority))
	p.Port = cmp.Or(p.Port, asNumber(old.Port))
	p.Weight = cmp.Or(p.Weight, asNumber(old.Weight))
	p.Flags = cmp.Or(p.Flags, asNumber(old.Flags))
	return p
}

func asNumber(n *int) *Number {
	if n == nil {
		return nil
	}
	wide := Number(*n)
	return &wide
}

// record checks all that is said of a record; data that is kept needs no
// check.
func (d Domain) record(p Params, kept *string) (r Record, err error) {
	r = Record{DomainID: d.ID}
	if r.Type, err = d.recordType(p); err != nil {
		return r, err
	}
	rule := rules[r.Type]
	if r.Name, err = d.recordName(p, rule); err != nil {
		return r, err
	}
	if err := r.setNumbers(p, rule); err != nil {
		return r, err
	}
	if kept != nil {
		r.Data = *kept
	} else if r.Data, err = rule.data(d.Name, deref(p.Data), r.Tag); err != nil {
		return r, err
	}
	r.TTL, err = checkTTL(p.TTL, d.TTL)
	return r, err
}

// changedSOA lets nothing but the TTL change.
func (d Domain) changedSOA(old Record, p Params) (Record, error) {
	same := p.typeName() == "" || p.typeName() == typeSOA
	same = same && (p.Data == nil || *p.Data == old.Data)
	if p.Name != nil && same {
		name, err := relativeName(d.Name, cmp.Or(*p.Name, apex))
		same = err == nil && name == apex
	}
	if !same {
		return old, apierr.Refused("SOA records can only have their TTL changed")
	}
	var err error
	old.TTL, err = checkTTL(p.TTL, old.TTL)
	return old, err
}

func (d Domain) recordType(p Params) (string, error) {
	name := p.typeName()
	_, known := rules[name]
	switch {
	case name == "":
		return "", apierr.Invalid("type", "Type can't be blank")
	case name == typeSOA:
		return "", apierr.Invalid("type", "SOA records can't be created: every domain has one")
	case name == typePTR && !isReverse(d.Name):
		return "", apierr.Invalid("type", "PTR records can only be in domains below in-addr.arpa or ip6.arpa; type must be one of: %s", typeNames)
	case !known:
		return "", apierr.Invalid("type", "Type must be one of: %s", typeNames)
	}
	return name, nil
}

func (p Params) typeName() string {
	return strings.ToUpper(strings.TrimSpace(deref(p.Type)))
}

func (d Domain) recordName(p Params, rule rule) (string, error) {
	text := strings.TrimSpace(deref(p.Name))
	if text == "" {
		if rule.needsName {
			return "", apierr.Invalid("name", "Name can't be blank")
		}
		return apex, nil
	}
	name, err := relativeName(d.Name, text)
	if err == nil && rule.noWildcard && strings.HasPrefix(name, "*") {
		return "", apierr.Invalid("name", "Name is invalid: NS records can't be wildcards")
	}
	return name, err
}

// setNumbers sets what the record's type has beside its data. What another
// type would have is left out: clients send zeros for it.
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

func checkTTL(n *Number, otherwise int) (int, error) {
	switch {
	case n == nil:
		return otherwise, nil
	case *n < minTTL:
		return 0, apierr.Invalid("ttl", "TTL must be greater than or equal to %d", minTTL)
	case *n > maxTTL:
		return 0, apierr.Invalid("ttl", "TTL must be less than or equal to %d", maxTTL)
	}
	return int(*n), nil
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
