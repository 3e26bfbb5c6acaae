// Package schema is the API's contract as data: the JSON hyper-schema whose
// links the front door routes by, whose types parameters are coerced to, and
// whose rules they are checked against.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"sort"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// draft is the version of JSON hyper-schema that the document is written in.
const draft = "http://json-schema.org/draft-04/hyper-schema"

// Schema is the whole document: the definitions of all resources.
type Schema struct {
	Links []*Link
	doc   map[string]any
}

// Link is one operation of one resource.
type Link struct {
	Resource    string
	Title       string
	Description string
	Method      string
	Path        string // below /v2, identities as {resource}
	Scope       string // what a token needs for it, like droplet:read
	params      []parameter
	rules       *jsonschema.Schema // of the parameters; nil if there are none
	schema      map[string]any
	doc         map[string]any
}

// Route is the link's name for handlers: "METHOD /path".
func (l *Link) Route() string { return l.Method + " " + l.Path }

// Load joins the definitions, one a resource, into one document.
func Load(definitions map[string][]byte) (*Schema, error) {
	resources := map[string]any{}
	refs := map[string]any{}
	for name, text := range definitions {
		definition, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", name, err)
		}
		resources[name] = definition
		refs[name] = map[string]any{"$ref": "#/definitions/" + name}
	}
	doc := map[string]any{
		"$schema": draft, "title": "Rockpool API v2", "type": []any{"object"},
		"definitions": resources, "properties": refs,
	}
	s := &Schema{doc: doc}
	return s, s.compile()
}

const documentURL = "https://rockpool.invalid/schema"

func (s *Schema) compile() error {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	if err := compiler.AddResource(documentURL, compilable(s.doc)); err != nil {
		return err
	}
	var errs []error
	for name, definition := range s.doc["definitions"].(map[string]any) {
		links, _ := definition.(map[string]any)["links"].([]any)
		for i, raw := range links {
			link, err := s.link(compiler, name, i, raw.(map[string]any))
			if err != nil {
				errs = append(errs, fmt.Errorf("schema of %s, link %d: %w", name, i, err))
				continue
			}
			s.Links = append(s.Links, link)
		}
	}
	sort.Slice(s.Links, func(i, j int) bool { return s.Links[i].Route() < s.Links[j].Route() })
	for i, link := range s.Links[1:] {
		if link.Route() == s.Links[i].Route() {
			errs = append(errs, fmt.Errorf("%s is both in %s and in %s", link.Route(), s.Links[i].Resource, link.Resource))
		}
	}
	return errors.Join(errs...)
}

// compilable is the document as the compiler takes it. Without "$schema": the
// hyper-schema's own meta-schema is not among those that the compiler carries,
// draft-04's is and says the same of everything but links. And without the
// resources' ids, which would change what their references are relative to.
func compilable(doc map[string]any) map[string]any {
	definitions := map[string]any{}
	for name, definition := range doc["definitions"].(map[string]any) {
		definitions[name] = without(definition.(map[string]any), "id")
	}
	copied := without(doc, "$schema")
	copied["definitions"] = definitions
	return copied
}

func without(object map[string]any, key string) map[string]any {
	copied := maps.Clone(object)
	delete(copied, key)
	return copied
}

func (s *Schema) link(compiler *jsonschema.Compiler, resource string, index int, raw map[string]any) (*Link, error) {
	var text struct{ Title, Description, Method, Href, Scope string }
	if err := remarshal(raw, &text); err != nil {
		return nil, err
	}
	if text.Title == "" || text.Method == "" || text.Href == "" || text.Scope == "" {
		return nil, errors.New("title, method, href and scope are all needed")
	}
	path, err := pathOf(text.Href)
	if err != nil {
		return nil, err
	}
	link := &Link{Resource: resource, Title: text.Title, Description: text.Description, Method: text.Method,
		Path: path, Scope: text.Scope, doc: s.doc}
	link.schema, _ = raw["schema"].(map[string]any)
	if link.schema != nil {
		if link.params, err = link.parameters(); err != nil {
			return nil, err
		}
		pointer := fmt.Sprintf("%s#/definitions/%s/links/%d/schema", documentURL, resource, index)
		if link.rules, err = compiler.Compile(pointer); err != nil {
			return nil, err
		}
	}
	return link, nil
}

func remarshal(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

// identity is a variable of an href: the encoded pointer to a definition, in
// parentheses, as Heroku's generators of clients write it.
var identity = regexp.MustCompile(`\{\(([^)]*)\)\}`)

// pathOf turns an href's variables into the names of the resources that they
// identify.
func pathOf(href string) (path string, err error) {
	path = identity.ReplaceAllStringFunc(href, func(variable string) string {
		pointer, unescapeErr := url.PathUnescape(identity.FindStringSubmatch(variable)[1])
		parts := strings.Split(pointer, "/")
		if unescapeErr != nil || len(parts) < 3 || parts[0] != "#" || parts[1] != "definitions" {
			err = fmt.Errorf("href %s: %s does not point to a definition", href, variable)
			return ""
		}
		return "{" + parts[2] + "}"
	})
	return path, err
}
