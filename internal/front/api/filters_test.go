package api

import (
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

// New fails for a list whose filters are not the parameters in its schema.
func TestFiltersAreParameters(t *testing.T) {
	definition := func(name, filters, links string) []byte {
		text := `{"title": "Thing", "description": "A thing.", "type": ["object"], "one": "thing", "many": "things",
			"definitions": {"id": {"description": "its number", "example": 1, "type": ["integer"]}, FILTERS
				"identity": {"$ref": "#/definitions/NAME/definitions/id"}},
			"properties": {"id": {"$ref": "#/definitions/NAME/definitions/id"}}, "links": [LINKS]}`
		return []byte(strings.NewReplacer("FILTERS", filters, "LINKS", links, "NAME", name).Replace(text))
	}
	loaded, err := schema.Load(map[string][]byte{
		"thing": definition("thing", `"filter_b": {"description": "b", "example": 1, "type": ["integer"]}, "filter_a": {"description": "a", "example": 1, "type": ["integer"]},`,
			`{"title": "List", "description": "List things.", "href": "/things", "method": "GET", "rel": "instances", "scope": "thing:read"}`),
		"single": definition("single", "",
			`{"title": "Info", "description": "Show it.", "href": "/single", "method": "GET", "rel": "self", "scope": "thing:read"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		filters map[string][]string
		want    string // of the error; empty for none
	}{
		{map[string][]string{"thing": {"a", "b"}}, ""},
		{map[string][]string{"thing": {"b", "a"}}, ""},
		{map[string][]string{"thing": {"a"}}, "GET /things has the filters [a], its schema has the parameters [a b]"},
		{map[string][]string{"thing": {"a", "b", "c"}}, "GET /things has the filters [a b c]"},
		{nil, "GET /things has the filters []"},
		{map[string][]string{"thing": {"a", "b"}, "single": {"a"}}, "single has the filters [a], but no list"},
	} {
		err := checkFilters(loaded.Resources, test.filters)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.filters, err, test.want)
		}
	}
}
