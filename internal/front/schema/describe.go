package schema

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// attributesBelow yields the attributes and parameters in a resource's definition,
// nested ones too, with their pointers.
func attributesBelow(definition object) iter.Seq2[string, object] {
	found := map[string]object{}
	var walk func(at string, schema object)
	walk = func(at string, schema object) {
		for step, member := range below(schema) {
			if isMember(step) && !isReference(member) {
				found[at+step] = member
			}
			walk(at+step, member)
		}
	}
	walk("", definition)
	for i, link := range objects(definition["links"]) {
		if parameters, ok := link["schema"].(object); ok {
			walk(fmt.Sprintf("/links/%d/schema", i), parameters)
		}
	}
	return sorted(found)
}

func isMember(step string) bool {
	return strings.HasPrefix(step, "/definitions/") || strings.HasPrefix(step, "/properties/")
}

// isReference reports whether a schema consists of references only.
func isReference(schema object) bool {
	if schema["$ref"] != nil {
		return true
	}
	alternatives := branches(schema)
	return len(schema) == 1 && len(alternatives) > 0 && !slices.ContainsFunc(alternatives, func(o object) bool { return o["$ref"] == nil })
}

// describe checks that an attribute has a description and a type. If it has no
// example, describe builds one from those of its parts.
func (d document) describe(attribute object) error {
	types := strs(attribute["type"])
	switch {
	case attribute["description"] == nil || attribute["description"] == "":
		return errors.New("it has no description")
	case len(types) == 0:
		return errors.New("it has no type")
	case slices.Contains(types, "array") && attribute["items"] == nil:
		return errors.New("an array must say what its items are")
	case slices.Contains(types, "object") && !d.hasMembers(attribute):
		return errors.New("an object must say what its properties are")
	}
	if _, ok := attribute["example"]; ok {
		return nil
	}
	example, ok := d.example(attribute, maxReferences)
	if !ok {
		return errors.New("it has no example, and its parts make none")
	}
	attribute["example"] = example
	return nil
}

func (d document) hasMembers(schema object) bool {
	return schema["properties"] != nil || schema["additionalProperties"] != nil ||
		slices.ContainsFunc(branches(schema), func(branch object) bool { return d.hasMembers(d.dereference(branch)) })
}

// example builds an example of a schema from those of its parts. depth is how many
// references in a row it resolves.
func (d document) example(schema object, depth int) (any, bool) {
	if example, ok := schema["example"]; ok {
		return example, true
	}
	if depth == 0 {
		return nil, false
	}
	if ref, ok := schema["$ref"].(string); ok {
		return d.example(d.resolve(ref), depth-1)
	}
	if all := branches(schema); len(all) > 0 {
		return d.example(all[0], depth)
	}
	if items, ok := schema["items"].(object); ok {
		item, ok := d.example(items, depth)
		return []any{item}, ok
	}
	properties, ok := schema["properties"].(object)
	if !ok {
		return nil, false
	}
	value := object{}
	for name := range properties {
		if !slices.Contains(strs(schema["required"]), name) {
			continue
		}
		member, _ := properties[name].(object)
		if value[name], ok = d.example(member, depth); !ok {
			return nil, false
		}
	}
	return value, true
}
