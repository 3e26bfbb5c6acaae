package record

import (
	"cmp"
	"encoding/json"
	"math"
	"strings"
)

// Params are a client's attributes of a record; nil where it omits one.
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

// Number is an integer of a request. One that does not fit in 64 bits becomes the
// nearest that does, so that it is out of every range instead of malformed.
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

// withDefaults fills in the attributes that a client omits, except for the data.
func (p Params) withDefaults(old Record) Params {
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

func (p Params) typeName() string {
	return strings.ToUpper(strings.TrimSpace(deref(p.Type)))
}
