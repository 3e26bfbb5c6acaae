package openapi

import (
	"fmt"
	"strings"
)

// kept are the keywords of draft-04 that mean the same in JSON Schema 2020-12,
// which OpenAPI 3.1 uses.
var kept = map[string]bool{
	"title": true, "description": true, "enum": true, "format": true, "default": true, "pattern": true, "required": true,
	"minLength": true, "maxLength": true, "minItems": true, "maxItems": true, "uniqueItems": true,
	"minimum": true, "maximum": true, "multipleOf": true, "minProperties": true, "maxProperties": true,
}

// left are the keywords of the hyper-schema, which are left out.
var left = map[string]bool{"id": true, "one": true, "many": true, "optional": true, "aliases": true, "definitions": true, "links": true}

// convert converts a draft-04 schema to JSON Schema 2020-12.
func (w *writer) convert(from object) object {
	if target, ok := from["$ref"].(string); ok {
		return w.reference(target)
	}
	to := object{}
	for keyword, value := range from {
		switch keyword {
		case "type":
			to["type"] = types(value)
		case "properties":
			members := object{}
			for name, member := range value.(object) {
				members[name] = w.convert(member.(object))
			}
			to["properties"] = members
		case "items", "not":
			to[keyword] = w.convert(value.(object))
		case "additionalProperties":
			if member, ok := value.(object); ok {
				value = w.convert(member)
			}
			to[keyword] = value
		case "allOf", "anyOf", "oneOf":
			branches := []any{}
			for _, branch := range value.([]any) {
				branches = append(branches, w.convert(branch.(object)))
			}
			to[keyword] = branches
		case "example":
			if isPlain(from) {
				to["examples"] = []any{value}
			}
		default:
			if kept[keyword] {
				to[keyword] = value
			} else if !left[keyword] {
				w.fail("the keyword %q has no translation", keyword)
			}
		}
	}
	return to
}

// isPlain reports whether a schema has an example of its own, not one that is built
// from those of its parts.
func isPlain(from object) bool {
	for _, keyword := range []string{"properties", "allOf", "anyOf", "oneOf"} {
		if from[keyword] != nil {
			return false
		}
	}
	items, _ := from["items"].(object)
	return items == nil || items["$ref"] == nil && isPlain(items)
}

func types(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	var names []string
	for _, name := range list {
		names = append(names, fmt.Sprint(name))
	}
	return simple(names)
}

// reference returns a reference to a resource, or to an object that a resource
// defines, so that generated clients have a name for it. Other schemas are inlined.
func (w *writer) reference(target string) object {
	name, definition, nested := strings.Cut(strings.TrimPrefix(target, "#/definitions/"), "/definitions/")
	from := w.from.Resolve(target)
	if nested {
		if from["properties"] == nil {
			return w.convert(from)
		}
		name += "." + definition
	}
	if w.schemas[name] == nil {
		w.schemas[name] = object{} // it may refer to itself
		w.schemas[name] = w.convert(from)
	}
	return ref("schemas", name)
}
