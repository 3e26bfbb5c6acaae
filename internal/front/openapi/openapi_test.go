package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

// tree is a resource with one attribute, whose schema replaces %s.
const tree = `{"tree": {
  "title": "Tree", "description": "A tree is tall.", "type": ["object"], "one": "tree",
  "definitions": {
    "id": {"description": "its number", "example": 1, "type": ["integer"]},
    "identity": {"$ref": "#/definitions/tree/definitions/id"},
    "part": %s},
  "links": [
    {"title": "Info", "description": "Show it.", "href": "/trees/{(%23%2Fdefinitions%2Ftree%2Fdefinitions%2Fidentity)}", "method": "GET", "rel": "self", "scope": "tree:read"},
    {"title": "Prune", "description": "Cut it.", "href": "/trees/{(%23%2Fdefinitions%2Ftree%2Fdefinitions%2Fidentity)}", "method": "POST", "rel": "update", "scope": "tree:update",
      "schema": {"type": ["object"], "properties": {"part": {"$ref": "#/definitions/tree/definitions/part"}}}}],
  "properties": {"part": {"$ref": "#/definitions/tree/definitions/part"}}}}`

func document(t *testing.T, part string) (map[string]any, error) {
	t.Helper()
	var definitions map[string]json.RawMessage
	if err := json.Unmarshal([]byte(strings.Replace(tree, "%s", part, 1)), &definitions); err != nil {
		t.Fatal(err)
	}
	loaded, err := schema.Load(map[string][]byte{"tree": definitions["tree"]})
	if err != nil {
		t.Fatal(err)
	}
	text, err := Document(loaded, "https://example.com/v2")
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc, nil
}

func TestSchemasAreTranslated(t *testing.T) {
	for _, test := range []struct{ part, want string }{
		{
			`{"description": "a", "example": "x", "type": ["string"], "maxLength": 3, "enum": ["x"]}`,
			`{"description":"a","enum":["x"],"examples":["x"],"maxLength":3,"type":"string"}`,
		},
		{
			`{"description": "a", "example": null, "type": ["string", "null"], "format": "uri"}`,
			`{"description":"a","examples":[null],"format":"uri","type":["string","null"]}`,
		},
		{
			`{"description": "a", "type": ["array"], "maxItems": 5, "items": {"type": ["object"], "properties": {"id": {"$ref": "#/definitions/tree/definitions/id"}}}}`,
			`{"description":"a","items":{"properties":{"id":{"description":"its number","examples":[1],"type":"integer"}},"required":["id"],"type":"object"},"maxItems":5,"type":"array"}`,
		},
		{
			`{"description": "a", "example": null, "type": ["object", "null"], "anyOf": [{"$ref": "#/definitions/tree"}, {"type": ["null"]}]}`,
			`{"anyOf":[{"$ref":"#/components/schemas/tree"},{"type":"null"}],"description":"a","type":["object","null"]}`,
		},
		{
			`{"description": "a", "example": {}, "type": ["object"], "additionalProperties": {"type": ["integer"]}}`,
			`{"additionalProperties":{"type":"integer"},"description":"a","examples":[{}],"type":"object"}`,
		},
		{
			`{"description": "a", "type": ["object"], "optional": ["id"], "properties": {"id": {"$ref": "#/definitions/tree/definitions/id"}}}`,
			`{"$ref":"#/components/schemas/tree.part"}`,
		},
	} {
		doc, err := document(t, test.part)
		if err != nil {
			t.Errorf("%s: %v", test.part, err)
			continue
		}
		schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
		got, _ := json.Marshal(schemas["tree"].(map[string]any)["properties"].(map[string]any)["part"])
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.part, diff)
		}
	}
}

// A keyword whose meaning has changed since draft-04, or an unknown one, is an error
// and not silently left out.
func TestKeywordsWithoutAnEquivalentAreRejected(t *testing.T) {
	_, err := document(t, `{"description": "a", "example": 1, "type": ["integer"], "minimum": 0, "exclusiveMinimum": true}`)
	if err == nil || !strings.Contains(err.Error(), `openapi: the keyword "exclusiveMinimum" has no translation`) {
		t.Errorf("%v", err)
	}
}

func TestParametersOfAPathAreNamed(t *testing.T) {
	doc, err := document(t, `{"description": "a", "example": 1, "type": ["integer"]}`)
	if err != nil {
		t.Fatal(err)
	}
	item := doc["paths"].(map[string]any)["/trees/{tree}"].(map[string]any)
	got, _ := json.Marshal(item["get"].(map[string]any)["parameters"])
	want := `[{"description":"id of the tree","example":1,"in":"path","name":"tree","required":true,"schema":{"type":"integer"}}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
