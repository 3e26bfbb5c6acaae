package api

import (
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

// A list whose link and filters say different things does not start.
func TestFiltersAreParameters(t *testing.T) {
	loaded, err := schema.Load(map[string][]byte{"thing": []byte(`{"title": "Thing", "description": "A thing.", "type": ["object"], "one": "thing", "many": "things",
		"definitions": {"id": {"description": "its number", "example": 1, "type": ["integer"]}, "identity": {"$ref": "#/definitions/thing/definitions/id"}},
		"properties": {"id": {"$ref": "#/definitions/thing/definitions/id"}},
		"links": [
			{"title": "List", "description": "List things.", "href": "/things", "method": "GET", "rel": "instances", "scope": "thing:read",
				"schema": {"type": ["object"], "properties": {"b": {"$ref": "#/definitions/thing/definitions/id"}, "a": {"$ref": "#/definitions/thing/definitions/id"}}}},
			{"title": "Info", "description": "Show a thing.", "href": "/things/{(%23%2Fdefinitions%2Fthing%2Fdefinitions%2Fidentity)}", "method": "GET", "rel": "self", "scope": "thing:read"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		filters map[string][]string
		want    string // of the error; empty for none
	}{
		{map[string][]string{"GET /things": {"a", "b"}}, ""},
		{map[string][]string{"GET /things": {"b", "a"}}, ""},
		{map[string][]string{"GET /things": {"a"}}, "GET /things has the filters [a], its schema has the parameters [a b]"},
		{map[string][]string{"GET /things": {"a", "b", "c"}}, "GET /things has the filters [a b c]"},
		{nil, "GET /things has the filters []"},
		{map[string][]string{"GET /things": {"a", "b"}, "GET /things/{thing}": {"a"}}, "GET /things/{thing} has the filters [a], but is no list"},
		{map[string][]string{"GET /things": {"a", "b"}, "GET /thingies": {"a"}}, "GET /thingies has filters, but no link in the schema"},
	} {
		err := checkFilters(loaded.Links, test.filters)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.filters, err, test.want)
		}
	}
}
