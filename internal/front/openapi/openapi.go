// Package openapi converts the API's schema to an OpenAPI 3.1 document, for tools that
// can't read a hyper-schema.
package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

// object is a JSON object.
type object = map[string]any

// writer makes one document.
type writer struct {
	from    *schema.Schema
	schemas object // components, by name
	errs    []error
}

// Document returns the OpenAPI document of an API at that URL. It fails if OpenAPI
// has no equivalent for a part of the schema.
func Document(from *schema.Schema, apiURL string) ([]byte, error) {
	w := &writer{from: from, schemas: object{}}
	tags := []any{}
	for _, r := range from.Resources {
		if len(r.Links) > 0 {
			tags = append(tags, object{"name": r.Title, "description": r.Description})
			w.reference("#/definitions/" + r.Name)
		}
	}
	doc := object{
		"openapi":  "3.1.1",
		"info":     object{"title": "Rockpool API", "version": "2", "description": description},
		"servers":  []any{object{"url": apiURL}},
		"security": []any{object{"bearer": []any{}}, object{"basic": []any{}}, object{"access_token": []any{}}},
		"tags":     tags,
		"paths":    w.paths(),
		"components": object{
			"schemas": w.schemas, "parameters": parameters, "headers": headers,
			"responses": errorResponses(w.reference("#/definitions/error")), "securitySchemes": securitySchemes,
		},
	}
	if err := errors.Join(w.errs...); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

// paths returns the links, by path and method.
func (w *writer) paths() object {
	paths := object{}
	for _, r := range w.from.Resources {
		for _, link := range r.Links {
			item, _ := paths[link.Path].(object)
			if item == nil {
				item = object{}
				paths[link.Path] = item
			}
			item[strings.ToLower(link.Method)] = w.operation(r, link)
		}
	}
	return paths
}

func (w *writer) fail(format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf("openapi: "+format, args...))
}

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }

func refs(kind string, names ...string) []any {
	var all []any
	for _, name := range names {
		all = append(all, ref(kind, name))
	}
	return all
}

// simple returns the only element of a list that has one, else the list: the two
// forms of JSON Schema's type.
func simple(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}
