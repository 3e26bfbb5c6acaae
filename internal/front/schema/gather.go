package schema

import (
	"fmt"
	"maps"
	"slices"
)

// parameter is one name that a link takes.
type parameter struct {
	name      string
	spellings []string // its name, and the older ones that it is taken by
	schema    map[string]any
	nullable  bool // null is a value, not as good as absent
}

// parameters reads a link's properties, and its keyword "aliases": an object
// of older names and the parameters that they stand for.
func (l *Link) parameters() ([]parameter, error) {
	properties, _ := l.schema["properties"].(map[string]any)
	aliases, _ := l.schema["aliases"].(map[string]any)
	var all []parameter
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		property, _ := properties[name].(map[string]any)
		p := parameter{name: name, spellings: []string{name}, schema: property, nullable: l.doc.shape(property).types["null"]}
		for _, alias := range slices.Sorted(maps.Keys(aliases)) {
			if aliases[alias] == name {
				p.spellings = append(p.spellings, alias)
			}
		}
		if err := l.doc.checkBounds(name, property); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	for alias, name := range aliases {
		if name, _ := name.(string); properties[name] == nil || properties[alias] != nil {
			return nil, fmt.Errorf("alias %s leads to %q, which is no parameter, or is one itself", alias, name)
		}
	}
	return all, nil
}

// ParameterNames returns the names of the link's parameters, sorted.
func (l *Link) ParameterNames() []string {
	var names []string
	for _, p := range l.params {
		names = append(names, p.name)
	}
	return names
}

// Gather picks the link's parameters out of what a request brings, and brings
// them to the types of its schema, as far as that loses nothing: digits in a
// string to an integer where only an integer is meant, a list with commas to
// an array, a number to a string. What does not fit stays for Validate to
// refuse.
//
// An earlier source goes before a later one, and in each of them a parameter's
// name before its aliases, except that lists are joined. Names that the schema
// does not know are left out, and so is a null, unless the schema says that it
// is a value. So is a filter of a list that is an empty text (contract, section
// 4).
func (l *Link) Gather(sources ...map[string]any) map[string]any {
	params := map[string]any{}
	for _, source := range sources {
		if len(source) == 0 {
			continue
		}
		for _, p := range l.params {
			if _, ok := params[p.name]; !ok {
				l.take(params, source, p)
			}
		}
	}
	return params
}

// joined returns two lists as one, which may be too long then, and of other
// values the first.
func joined(first, second any, s shape) any {
	list, isList := first.([]any)
	if !isList {
		return first
	}
	switch more := second.(type) {
	case oversized:
		return more
	case []any:
		if n := len(list) + len(more); s.types["array"] && n > s.maxItems {
			return oversized{n, s.maxItems}
		}
		return slices.Concat(list, more)
	}
	return first
}

func (l *Link) take(params, source map[string]any, p parameter) {
	for _, spelling := range p.spellings {
		value, ok := source[spelling]
		if !ok || value == nil && !p.nullable {
			continue
		}
		value = l.coerce(value, p.schema)
		if l.Lists() && value == "" {
			continue
		}
		held, ok := params[p.name]
		if !ok {
			params[p.name] = value
			continue
		}
		params[p.name] = joined(held, value, l.doc.shape(p.schema))
	}
}
