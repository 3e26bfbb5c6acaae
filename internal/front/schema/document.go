package schema

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// document is the whole hyper-schema, decoded.
type document object

// ExampleOrigin is the placeholder in examples for the origin of a cloud.
const ExampleOrigin = "https://rockpool.example.com"

// Document returns the whole hyper-schema as JSON, for an API at that URL.
func (s *Schema) Document(apiURL string) ([]byte, error) {
	doc := maps.Clone(s.doc)
	doc["links"] = []any{map[string]string{"href": apiURL, "rel": "self"}}
	return json.Marshal(doc)
}

// Resolve returns the schema to which a reference like #/definitions/droplet refers;
// nil if there is none. The caller must not change it.
func (s *Schema) Resolve(ref string) map[string]any { return s.doc.resolve(ref) }

func (d document) resolve(ref string) object {
	at := any(object(d))
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		o, ok := at.(object)
		if !ok {
			return nil
		}
		at = o[part]
	}
	o, _ := at.(object)
	return o
}

// resources yields the definitions, sorted by name.
func (d document) resources() iter.Seq2[string, object] {
	definitions := map[string]object{}
	for name, definition := range d["definitions"].(object) {
		definitions[name] = definition.(object)
	}
	return sorted(definitions)
}

// combiners are the keywords that combine several schemas.
var combiners = []string{"allOf", "anyOf", "oneOf"}

// branches returns the schemas that a schema combines.
func branches(schema object) []object {
	var all []object
	for _, combiner := range combiners {
		all = append(all, objects(schema[combiner])...)
	}
	return all
}

// below yields the schemas directly within a schema, with their pointers relative
// to it.
func below(schema object) iter.Seq2[string, object] {
	found := map[string]object{}
	for _, keyword := range []string{"definitions", "properties"} {
		members, _ := schema[keyword].(object)
		for name := range members {
			found["/"+keyword+"/"+name], _ = members[name].(object)
		}
	}
	for _, keyword := range []string{"items", "additionalProperties", "not"} {
		if member, ok := schema[keyword].(object); ok {
			found["/"+keyword] = member
		}
	}
	for _, combiner := range combiners {
		for i, member := range objects(schema[combiner]) {
			found[fmt.Sprintf("/%s/%d", combiner, i)] = member
		}
	}
	return sorted(found)
}

func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// objects returns the objects of a list.
func objects(list any) []object {
	items, _ := list.([]any)
	var all []object
	for _, item := range items {
		if o, ok := item.(object); ok {
			all = append(all, o)
		}
	}
	return all
}

func strs(list any) []string {
	if one, ok := list.(string); ok {
		return []string{one}
	}
	items, _ := list.([]any)
	var all []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

func anys(list []string) []any {
	all := make([]any, len(list))
	for i, item := range list {
		all[i] = item
	}
	return all
}
