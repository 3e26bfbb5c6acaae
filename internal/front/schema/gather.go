package schema

import (
	"fmt"
	"maps"
	"slices"
)

// parameter is one parameter of a link.
type parameter struct {
	name      string
	spellings []string // its name and its aliases
	schema    map[string]any
	nullable  bool // null is a value; else it counts as absent
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

// Gather selects the link's parameters from the sources of a request, and converts
// them to the types in its schema if that loses nothing: digits in a string to an
// integer if only an integer is allowed, a text with commas to an array, a number to
// a string. A value that does not fit stays unchanged, and Validate rejects it.
//
// An earlier source has precedence over a later one. In each source a parameter's
// name has precedence over its aliases, but arrays by several names are
// concatenated. Gather ignores names that the schema does not have, null unless the
// schema allows it, and empty texts for filters of a list (contract, section 4).
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

// joined concatenates two arrays, unless the result is too long. Of other values it
// returns the first.
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
		previous, ok := params[p.name]
		if !ok {
			params[p.name] = value
			continue
		}
		params[p.name] = joined(previous, value, l.doc.shape(p.schema))
	}
}
