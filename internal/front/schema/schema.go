// Package schema is the API's contract as data: the JSON hyper-schema whose
// links the front door routes by, whose types parameters are coerced to, whose
// rules they are checked against, and whose targets say what is answered.
//
// A resource's definition is a draft-04 hyper-schema in the layout of Heroku's
// prmd: definitions of its attributes, properties that refer to them, and
// links. Load adds what can be derived, and rejects a definition in which anything
// else is missing. The keywords beyond draft-04 are:
//
//   - one and many, of a resource: under which name an answer holds one object
//     of it, and a list of them. Links need them by their rel.
//   - optional, of any object with properties outside a link's parameters:
//     the properties that may be absent. All others are required, so required is never
//     written there. Of a link's parameters it is the other way round: required
//     is written, and optional is derived.
//   - example, of an attribute: a value of it. An object is exemplified by its
//     properties, an array by its items, a reference by what it refers to, so
//     only plain values need one. Of a link's schema: parameters of a request
//     that can be sent to a new cloud as they are; where there is none, those
//     that are required. The example of a resource's identity stands for
//     whatever that resource is called in the reader's cloud.
//   - aliases, of a link's schema: an object of older names, and the parameters
//     that they stand for. A null counts as no parameter, unless the parameter's
//     type has null.
//   - scope, of a link: what a token needs, like droplet:read, or a list of
//     which one is enough.
//   - status, of a link: that of its answer. By rel it is 200, of create 201,
//     of destroy 204.
//   - also, of a link: another status that it may answer with, and the same
//     target, as when nothing was to be done.
//   - alias, of a link: another path for the same operation. It has an href and,
//     if they differ, a title, a description and an example of parameters. It
//     becomes a link of its own.
//   - targetSchema, of a link: draft-04's own, written only where the answer is
//     not what its rel means: of instances a list with links and meta, of
//     destroy nothing, else one object.
//
// A definition filter_NAME of a resource describes the parameter NAME, by which
// the resource's list can be narrowed: the link of rel instances has all of them
// unless it has a schema of its own.
//
// Every attribute, also a member of an object in an attribute, has a
// description and a type, or is a reference. Whatever can be null says so in
// its type. An embedded resource is
//
//	{"description": "...", "type": ["object"], "allOf": [{"$ref": "#/definitions/region"}]}
//
// and one that can be null has type ["object", "null"] and anyOf with
// {"type": ["null"]} beside the reference. A variable of an href is the encoded
// pointer to a definition, in parentheses.
package schema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
)

// draft is the version of JSON hyper-schema that the document is written in.
const draft = "http://json-schema.org/draft-04/hyper-schema"

// Schema is the whole document: the definitions of all resources.
type Schema struct {
	Links     []*Link     // by route
	Resources []*Resource // by name
	doc       document
	strict    *compiler                          // of the document without properties that it does not describe
	invalid   func() (*jsonschema.Schema, error) // the form of errors
}

// Resource is a kind of object of the API.
type Resource struct {
	Name        string
	Title       string
	Description string
	One, Many   string      // its names in answers
	Links       []*Link     // in the definition's order
	Attributes  []Attribute // what identifies it first, then by name
}

//go:embed shared.json
var shared []byte

// The names of the definitions that every schema has besides its resources.
const (
	listName  = "list"
	errorName = "error"
)

// Load joins the definitions of the resources to one document, completes it, and
// checks what can be checked without compiling it. Check checks the rest.
func Load(definitions map[string][]byte) (*Schema, error) {
	resources, err := decode(definitions)
	if err != nil {
		return nil, err
	}
	refs := object{}
	for name := range resources {
		refs[name] = object{"$ref": "#/definitions/" + name}
	}
	s := &Schema{doc: document{
		"$schema": draft, "title": "Rockpool API v2", "type": []any{"object"},
		"definitions": resources, "properties": refs,
	}}
	aliases, err := s.doc.expand()
	if err != nil {
		return nil, err
	}
	read := func() error { return s.read(aliases) }
	// The order matters: complete needs valid references, and compile needs the
	// completed document.
	for _, step := range []func() error{s.doc.checkReferences, s.doc.complete, read} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	s.compile()
	return s, nil
}

// object is a JSON object.
type object = map[string]any

func decode(definitions map[string][]byte) (object, error) {
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared))
	if err != nil {
		return nil, fmt.Errorf("shared definitions: %w", err)
	}
	resources := decoded.(object)
	var ids []any
	for _, answer := range httperr.Table() {
		ids = append(ids, answer.ID)
	}
	resources[errorName].(object)["definitions"].(object)["id"].(object)["enum"] = ids
	for name, text := range definitions {
		if resources[name] != nil {
			return nil, fmt.Errorf("schema of %s: the name is taken", name)
		}
		definition, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", name, err)
		}
		if _, ok := definition.(object); !ok {
			return nil, fmt.Errorf("schema of %s: not an object", name)
		}
		resources[name] = definition
	}
	return resources, nil
}

// read decodes the resources and links of the document. The aliases are those that
// expand returned.
func (s *Schema) read(aliases map[string]string) error {
	var errs []error
	byPointer := map[string]*Link{}
	for name, definition := range s.doc.resources() {
		r := &Resource{Name: name, Attributes: s.doc.attributes(definition)}
		slices.SortStableFunc(r.Attributes, func(a, b Attribute) int { return s.doc.rank(name, a) - s.doc.rank(name, b) })
		remarshal(definition, &struct{ Title, Description, One, Many *string }{&r.Title, &r.Description, &r.One, &r.Many})
		for i, raw := range objects(definition["links"]) {
			link, err := s.doc.link(name, raw)
			if err != nil {
				errs = append(errs, fmt.Errorf("schema of %s, link %d: %w", name, i, err))
				continue
			}
			link.pointer = linkPointer(name, i)
			byPointer[link.pointer] = link
			r.Links, s.Links = append(r.Links, link), append(s.Links, link)
		}
		s.Resources = append(s.Resources, r)
	}
	for other, link := range aliases {
		if byPointer[other] != nil {
			byPointer[other].Alias = byPointer[link]
		}
	}
	sort.SliceStable(s.Links, func(i, j int) bool { return s.Links[i].Route() < s.Links[j].Route() })
	return errors.Join(append(errs, s.checkLinks())...)
}

// checkLinks returns an error if two links have the same route, or the same
// operation.
func (s *Schema) checkLinks() error {
	var errs []error
	routes, operations := map[string]*Link{}, map[string]*Link{}
	for _, link := range s.Links {
		if other := routes[link.Route()]; other != nil {
			errs = append(errs, fmt.Errorf("%s is both in %s and in %s", link.Route(), other.Resource, link.Resource))
		}
		if other := operations[link.Operation()]; other != nil {
			errs = append(errs, fmt.Errorf("%s and %s are both called %s", other.Route(), link.Route(), link.Operation()))
		}
		routes[link.Route()], operations[link.Operation()] = link, link
	}
	return errors.Join(errs...)
}

// remarshal converts from to the type of to, by way of JSON.
func remarshal(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

func without(o object, key string) object {
	copied := maps.Clone(o)
	delete(copied, key)
	return copied
}
