package schema

import (
	"slices"
	"strings"
	"testing"
)

// expandable is a resource with a list that has a filter, and with a link of rel
// create to which a test adds members.
func expandable(more string) map[string][]byte {
	return map[string][]byte{"thing": []byte(`{"title": "Thing", "description": "A thing.", "type": ["object"], "one": "thing", "many": "things",
		"definitions": {"id": {"description": "its number", "example": 1, "type": ["integer"]},
			"filter_id": {"description": "the one with this number", "example": 1, "type": ["integer"]}},
		"properties": {"id": {"$ref": "#/definitions/thing/definitions/id"}},
		"links": [
			{"title": "List", "description": "List things.", "href": "/things", "method": "GET", "rel": "instances", "scope": "thing:read"},
			{"title": "Create", "description": "Make one.", "href": "/things", "method": "POST", "rel": "create", "scope": "thing:create",
				"schema": {"type": ["object"], "properties": {"id": {"$ref": "#/definitions/thing/definitions/id"}}}` + more + `}]}`)}
}

func TestAnAliasIsAnotherPathToTheSame(t *testing.T) {
	s, err := Load(expandable(`, "alias": {"href": "/old/things", "title": "Old Create", "example": {"id": 7}}`))
	if err != nil {
		t.Fatal(err)
	}
	link := s.Match("POST", "/old/things")
	if link == nil || link.Alias != s.Match("POST", "/things") {
		t.Fatalf("%+v", link)
	}
	if link.Operation() != "thing_old_create" || link.Description != "Make one." || link.Status != 201 || !slices.Equal(link.ParameterNames(), []string{"id"}) {
		t.Errorf("%+v", link)
	}
	if link.Alias.schema["example"] != nil || link.schema["example"] == nil {
		t.Errorf("examples: %v, of the alias %v", link.Alias.schema["example"], link.schema["example"])
	}
}

func TestInvalidAliasesAreRejected(t *testing.T) {
	for written, want := range map[string]string{
		`{"title": "Old"}`:                         "it has no href of its own",
		`{"href": "/things"}`:                      "it has no href of its own",
		`{"href": "/old/things", "method": "GET"}`: "it can't have a method of its own",
		`{"href": "/old/things"}`:                  "are both called thing_create",
	} {
		if _, err := Load(expandable(`, "alias": ` + written)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", written, err, want)
		}
	}
}

func TestFilterDefinitionsAreParametersOfTheList(t *testing.T) {
	s, err := Load(expandable(""))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Match("GET", "/things").ParameterNames(); !slices.Equal(got, []string{"id"}) {
		t.Errorf("the list has the parameters %v", got)
	}
}
