package schema

import (
	"maps"
	"slices"
	"strings"
)

// Attribute is a member of an object: of a resource, of parameters, or of
// another attribute.
type Attribute struct {
	Name        string
	Description string
	Types       []string // of JSON, without null
	Items       []string // the types of an array's items
	Nullable    bool
	Required    bool
	Example     any
	Enum        []any
	Resource    string      // if the attribute is a resource, or an array of that resource; else empty
	Members     []Attribute // of an object, or of each of an array's objects
}

// attributes returns the properties of an object.
func (d document) attributes(schema object) []Attribute {
	properties, _ := schema["properties"].(object)
	required := strs(schema["required"])
	var all []Attribute
	for name, raw := range sorted(properties) {
		a := d.attribute(name, raw.(object))
		a.Required = slices.Contains(required, name)
		all = append(all, a)
	}
	return all
}

func (d document) attribute(name string, schema object) Attribute {
	schema = d.dereference(schema)
	a := Attribute{Name: name, Example: schema["example"], Nullable: slices.Contains(strs(schema["type"]), "null")}
	a.Description, _ = schema["description"].(string)
	a.Enum, _ = schema["enum"].([]any)
	a.Types = slices.DeleteFunc(strs(schema["type"]), func(t string) bool { return t == "null" })
	inner := schema
	if items, ok := schema["items"].(object); ok {
		a.Items = slices.Sorted(maps.Keys(d.shape(items).types))
		if inner = items; resourceOf(items) == "" {
			inner = d.dereference(items)
		}
	}
	for _, part := range append(branches(inner), inner) {
		if name := resourceOf(part); name != "" {
			a.Resource, a.Members = name, nil
			break
		}
		a.Members = append(a.Members, d.attributes(d.dereference(part))...)
	}
	return a
}

// resourceOf returns the resource that a schema refers to; empty if it does not.
func resourceOf(schema object) string {
	ref, _ := schema["$ref"].(string)
	name := strings.TrimPrefix(ref, "#/definitions/")
	if name == ref || strings.Contains(name, "/") {
		return ""
	}
	return name
}

// dereference resolves a schema's reference, up to maxReferences times in a row.
func (d document) dereference(schema object) object {
	for range maxReferences {
		ref, ok := schema["$ref"].(string)
		if !ok {
			break
		}
		schema = d.resolve(ref)
	}
	return schema
}

// identified returns the attributes to which the identity at an href's pointer
// refers.
func (d document) identified(pointer string) []Attribute {
	definition := d.resolve(pointer)
	alternatives := branches(definition)
	if len(alternatives) == 0 {
		alternatives = []object{definition}
	}
	var all []Attribute
	for _, alternative := range alternatives {
		ref := pointer
		for next, ok := alternative["$ref"].(string); ok; next, ok = d.resolve(ref)["$ref"].(string) {
			ref = next
		}
		all = append(all, d.attribute(ref[strings.LastIndexByte(ref, '/')+1:], alternative))
	}
	return all
}

// rank is for sorting: attributes that identify a resource come before the others.
func (d document) rank(resource string, a Attribute) int {
	var by []Attribute
	if pointer := identityOf(resource); d.resolve(pointer) != nil {
		by = d.identified(pointer)
	}
	if i := slices.IndexFunc(by, func(b Attribute) bool { return b.Name == a.Name }); i >= 0 {
		return i
	}
	return len(by)
}

// identityOf returns the pointer to the definition of a resource's identity.
func identityOf(resource string) string {
	return "#/definitions/" + resource + "/definitions/identity"
}
