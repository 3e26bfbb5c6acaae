package schema

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// small is the definition of a resource that uses every keyword.
const small = `{
  "id": "schema/pond", "title": "Pond", "description": "A pond is a small lake.", "type": ["object"],
  "one": "pond", "many": "ponds", "optional": ["depth"],
  "definitions": {
    "id": {"description": "its number", "example": 7, "type": ["integer"]},
    "slug": {"description": "its name", "example": "walden", "type": ["string"]},
    "identity": {"anyOf": [{"$ref": "#/definitions/pond/definitions/id"}, {"$ref": "#/definitions/pond/definitions/slug"}]},
    "depth": {"description": "in metres", "example": 31.5, "type": ["number"]},
    "shore": {"description": "what is around it", "type": ["object"], "optional": ["trees"], "properties": {
      "trees": {"description": "how many trees", "example": 3, "type": ["integer"]},
      "soil": {"description": "of what it is", "example": "sand", "type": ["string"]}}},
    "fish": {"description": "who lives in it", "type": ["array"], "items": {"type": ["object"], "properties": {
      "name": {"description": "what it is called", "example": "carp", "type": ["string"]}}}},
    "outlet": {"description": "where it flows to", "example": null, "type": ["object", "null"],
      "anyOf": [{"$ref": "#/definitions/pond"}, {"type": ["null"]}]}
  },
  "links": [
    {"title": "List", "description": "List ponds.", "href": "/ponds", "method": "GET", "rel": "instances", "scope": "pond:read"},
    {"title": "Create", "description": "Dig one.", "href": "/ponds", "method": "POST", "rel": "create", "scope": "pond:create",
      "schema": {"type": ["object"], "required": ["slug"], "properties": {
        "slug": {"$ref": "#/definitions/pond/definitions/slug"}, "depth": {"$ref": "#/definitions/pond/definitions/depth"}}}},
    {"title": "Fill", "description": "Fill it.", "href": "/ponds/{(%23%2Fdefinitions%2Fpond%2Fdefinitions%2Fidentity)}/water", "method": "POST", "rel": "update", "scope": "pond:update",
      "status": 202, "targetSchema": {"type": ["object"], "properties": {"level": {"$ref": "#/definitions/pond/definitions/depth"}}}},
    {"title": "Newest", "description": "Show the newest.", "href": "/ponds/newest", "method": "GET", "rel": "self", "scope": "pond:read"},
    {"title": "Info", "description": "Show one.", "href": "/ponds/{(%23%2Fdefinitions%2Fpond%2Fdefinitions%2Fidentity)}", "method": "GET", "rel": "self", "scope": "pond:read"},
    {"title": "Delete", "description": "Drain it.", "href": "/ponds/{(%23%2Fdefinitions%2Fpond%2Fdefinitions%2Fidentity)}", "method": "DELETE", "rel": "destroy", "scope": "pond:delete"}
  ],
  "properties": {
    "slug": {"$ref": "#/definitions/pond/definitions/slug"},
    "id": {"$ref": "#/definitions/pond/definitions/id"},
    "depth": {"$ref": "#/definitions/pond/definitions/depth"},
    "shore": {"$ref": "#/definitions/pond/definitions/shore"},
    "fish": {"$ref": "#/definitions/pond/definitions/fish"},
    "outlet": {"$ref": "#/definitions/pond/definitions/outlet"}
  }
}`

func load(t *testing.T) *Schema {
	t.Helper()
	s, err := Load(map[string][]byte{"pond": []byte(small)})
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decodeJSON(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestDefinitionsAreCompleted(t *testing.T) {
	text, err := load(t).Document("https://example.com/v2")
	if err != nil {
		t.Fatal(err)
	}
	doc := document(decodeJSON(t, string(text)).(object))
	for ref, want := range map[string]string{
		"#/definitions/pond":                           `["fish","id","outlet","shore","slug"]`,
		"#/definitions/pond/definitions/shore":         `["soil"]`,
		"#/definitions/list/definitions/meta":          `["total"]`,
		"#/definitions/pond/definitions/fish/items":    `["name"]`,
		"#/definitions/pond/definitions/shore/example": `null`,
	} {
		if got, _ := json.Marshal(doc.resolve(ref)["required"]); string(got) != want {
			t.Errorf("%s requires %s, want %s", ref, got, want)
		}
	}
	for attribute, want := range map[string]string{"shore": `{"soil":"sand"}`, "fish": `[{"name":"carp"}]`, "outlet": `null`} {
		if got, _ := json.Marshal(doc.resolve("#/definitions/pond/definitions/" + attribute)["example"]); string(got) != want {
			t.Errorf("example of %s: %s, want %s", attribute, got, want)
		}
	}
	var links []string
	for _, link := range objects(doc.resolve("#/definitions/pond")["links"]) {
		target, _ := json.Marshal([]any{link["status"], link["targetSchema"]})
		links = append(links, string(target))
	}
	want := []string{
		`[200,{"properties":{"links":{"$ref":"#/definitions/list/definitions/links"},"meta":{"$ref":"#/definitions/list/definitions/meta"},` +
			`"ponds":{"items":{"$ref":"#/definitions/pond"},"type":["array"]}},"required":["links","meta","ponds"],"type":["object"]}]`,
		`[201,{"properties":{"pond":{"$ref":"#/definitions/pond"}},"required":["pond"],"type":["object"]}]`,
		`[202,{"properties":{"level":{"$ref":"#/definitions/pond/definitions/depth"}},"required":["level"],"type":["object"]}]`,
		`[200,{"properties":{"pond":{"$ref":"#/definitions/pond"}},"required":["pond"],"type":["object"]}]`,
		`[200,{"properties":{"pond":{"$ref":"#/definitions/pond"}},"required":["pond"],"type":["object"]}]`,
		`[204,null]`,
	}
	if diff := cmp.Diff(want, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	parameters := objects(doc.resolve("#/definitions/pond")["links"])[1]["schema"].(object)
	if diff := cmp.Diff([]any{"depth"}, parameters["optional"]); diff != "" {
		t.Errorf("optional parameters (-want +got):\n%s", diff)
	}
}

func TestLoadAndCheckReject(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"no JSON":                       {`"id": "schema/pond"`, `"id"`, "schema of pond: "},
		"no description":                {`"description": "in metres", `, ``, "schema of pond/definitions/depth: it has no description"},
		"no example":                    {`"example": 31.5, `, ``, "schema of pond/definitions/depth: it has no example, and its parts make none"},
		"no type":                       {`"example": 31.5, "type": ["number"]`, `"example": 31.5`, "schema of pond/definitions/depth: it has no type"},
		"a member without an example":   {`"example": "carp", `, ``, "schema of pond/definitions/fish/items/properties/name: it has no example, and its parts make none"},
		"an example of another type":    {`"example": 31.5`, `"example": "deep"`, "the example of pond/definitions/depth does not fit"},
		"an example with more in it":    {`"optional": ["trees"],`, `"optional": ["trees"], "example": {"soil": "a", "x": 1},`, "the example of pond/definitions/shore does not fit"},
		"parameters that do not fit":    {`"required": ["slug"],`, `"required": ["slug"], "example": {"name": 1},`, "the example of POST /ponds does not fit"},
		"a parameter without words":     {`"required": ["slug"], "properties": {`, `"required": ["slug"], "properties": {"x": {"type": ["string"], "example": "a"}, `, "schema of pond/links/1/schema/properties/x: it has no description"},
		"a property that is no schema":  {`{"$ref": "#/definitions/pond/definitions/fish"}`, `5`, "schema of pond/properties/fish: it has no description"},
		"an array of anything":          {`"items": {"type": ["object"], "properties": {`, `"example": [], "itmes": {"properties": {`, "schema of pond/definitions/fish: an array must say what its items are"},
		"an object of anything":         {`"anyOf": [{"$ref": "#/definitions/pond"}, {"type": ["null"]}]`, `"title": "x"`, "schema of pond/definitions/outlet: an object must say what its properties are"},
		"a reference to nothing":        {`"$ref": "#/definitions/pond/definitions/fish"`, `"$ref": "#/definitions/pond/definitions/birds"`, "schema of pond/properties/fish: #/definitions/pond/definitions/birds leads nowhere"},
		"a reference to itself":         {`{"description": "in metres", "example": 31.5, "type": ["number"]}`, `{"$ref": "#/definitions/pond/definitions/depth"}`, "#/definitions/pond/definitions/depth leads nowhere"},
		"an href to nothing":            {`2Fidentity)}/water`, `2Fname)}/water`, "schema of pond, link 2: href /ponds/{(%23%2Fdefinitions%2Fpond%2Fdefinitions%2Fname)}/water: {(%23%2Fdefinitions%2Fpond%2Fdefinitions%2Fname)} does not point to a definition"},
		"an href to a resource":         {`%2Fdefinitions%2Fidentity)}/water`, `)}/water`, "does not point to a definition"},
		"an href with a plain variable": {`"href": "/ponds/newest"`, `"href": "/ponds/{id}"`, "schema of pond, link 3: href /ponds/{id} is no path with pointers in {( )}"},
		"one identity twice":            {`"href": "/ponds/newest"`, `"href": "/ponds/{(%23%2Fdefinitions%2Fpond%2Fdefinitions%2Fid)}/{(%23%2Fdefinitions%2Fpond%2Fdefinitions%2Fid)}"`, "names a pond twice"},
		"a link without a scope":        {`"rel": "instances", "scope": "pond:read"`, `"rel": "instances"`, "schema of pond, link 0: it has no scope"},
		"a link of no scopes":           {`"rel": "instances", "scope": "pond:read"`, `"rel": "instances", "scope": []`, "schema of pond, link 0: it has no scope"},
		"a scope that is no text":       {`"rel": "instances", "scope": "pond:read"`, `"rel": "instances", "scope": ["pond:read", 1]`, "schema of pond, link 0: it has no scope"},
		"an unknown rel":                {`"rel": "instances"`, `"rel": "list"`, "schema of pond/links/0: rel must be create, destroy, instances, self or update, not list"},
		"two links for one thing":       {`"href": "/ponds/newest"`, `"href": "/ponds"`, "GET /ponds is both in pond and in pond"},
		"two links of one name":         {`"title": "Newest"`, `"title": "Info"`, `GET /ponds/newest and GET /ponds/{pond} are both called pond_info`},
		"two links of one operation":    {`"title": "Newest"`, `"title": "INFO"`, `GET /ponds/newest and GET /ponds/{pond} are both called pond_info`},
		"no name of one":                {`"one": "pond", `, ``, `schema of pond/links/1: a link of rel create needs the resource's "one"`},
		"no name of many":               {`"many": "ponds", `, ``, `schema of pond/links/0: a link of rel instances needs the resource's "many"`},
		"no title":                      {`"title": "Pond", `, ``, "schema of pond: it has no title"},
		"required where it is derived":  {`"optional": ["trees"]`, `"required": ["soil"]`, "schema of pond/definitions/shore: required is derived; write what is optional instead"},
		"an optional that is not there": {`"optional": ["trees"]`, `"optional": ["grass"]`, "schema of pond/definitions/shore: the optional grass is no property"},
		"a required that is not there":  {`"required": ["slug"]`, `"required": ["name"]`, "schema of pond/links/1: the required name is no parameter"},
		"an answer without examples":    {`{"level": {"$ref": "#/definitions/pond/definitions/depth"}}`, `{"level": {"type": ["number"]}}`, "schema of pond/links/2: the parts of its targetSchema make no example"},
		"an answer that is no schema":   {`{"level": {"$ref": "#/definitions/pond/definitions/depth"}}`, `{"level": {"example": "a", "type": ["string"], "pattern": "("}}`, "is not valid regex"},
		"a status of no number":         {`"status": 202`, `"status": "202"`, "schema of pond, link 2: its status: "},
	} {
		if !strings.Contains(small, test.old) {
			t.Fatalf("%s: %s is not there to be changed", name, test.old)
		}
		s, err := Load(map[string][]byte{"pond": []byte(strings.Replace(small, test.old, test.new, 1))})
		if err == nil {
			err = s.Check()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v\nwant: %s", name, err, test.want)
		}
	}
	if _, err := Load(map[string][]byte{"error": []byte(small)}); err == nil || err.Error() != "schema of error: the name is taken" {
		t.Errorf("a resource called error: %v", err)
	}
}

func TestMatch(t *testing.T) {
	s := load(t)
	for request, want := range map[string]string{
		"GET /ponds":               "GET /ponds",
		"GET /ponds/":              "GET /ponds",
		"HEAD /ponds":              "GET /ponds",
		"GET /ponds/7":             "GET /ponds/{pond}",
		"GET /ponds/a%2Fb":         "GET /ponds/{pond}",
		"GET /ponds/newest":        "GET /ponds/newest",
		"DELETE /ponds/newest":     "DELETE /ponds/{pond}",
		"POST /ponds/newest/water": "POST /ponds/{pond}/water",
		"GET /ponds//":             "",
		"GET /ponds/7/water":       "",
		"PUT /ponds":               "",
		"GET /":                    "",
	} {
		method, path, _ := strings.Cut(request, " ")
		got := ""
		if link := s.Match(method, path); link != nil {
			got = link.Route()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
}

func TestValidateAnswer(t *testing.T) {
	s := load(t)
	const inner = `{"id":1,"slug":"a","shore":{"soil":"b"},"fish":[],"outlet":null}`
	with := func(outlet string) string { return strings.Replace(inner, `"outlet":null`, `"outlet":`+outlet, 1) }
	for _, test := range []struct {
		route, body string
		fits        bool
	}{
		{"GET /ponds/1", `{"pond":` + inner + `}`, true},
		{"GET /ponds/1", `{"pond":` + with(inner) + `}`, true},
		{"GET /ponds/1", `{"pond":` + with(`{"id":1}`) + `}`, false},
		{"GET /ponds/1", `{"pond":` + strings.Replace(inner, `"soil"`, `"stone":1,"soil"`, 1) + `}`, false},
		{"GET /ponds/1", `{"pond":` + strings.Replace(inner, `"soil":"b"`, ``, 1) + `}`, false},
		{"GET /ponds/1", `{"pond":` + strings.Replace(inner, `"fish":[]`, `"fish":null`, 1) + `}`, false},
		{"GET /ponds", `{"ponds":[` + inner + `],"links":{"pages":{"next":"https://a/b"}},"meta":{"total":1}}`, true},
		{"GET /ponds", `{"ponds":null,"links":{},"meta":{"total":0}}`, false},
		{"GET /ponds", `[` + inner + `]`, false},
		{"DELETE /ponds/1", `null`, true},
		{"DELETE /ponds/1", `{}`, false},
		{"POST /ponds/1/water", `{"level":1.5}`, true},
		{"POST /ponds/1/water", `{"pond":` + inner + `}`, false},
	} {
		method, path, _ := strings.Cut(test.route, " ")
		if err := s.Match(method, path).ValidateAnswer(decodeJSON(t, test.body)); (err == nil) != test.fits {
			t.Errorf("%s %s: %v", test.route, test.body, err)
		}
	}
	for _, link := range s.Links {
		if err := link.ValidateAnswer(link.AnswerExample()); err != nil {
			t.Errorf("the example of what %s answers: %v", link.Route(), err)
		}
		if link.params != nil {
			if err := link.Validate(link.ParamsExample()); err != nil {
				t.Errorf("the example of what %s takes: %v", link.Route(), err)
			}
		}
	}
}

// The schemas of answers are compiled at their first use, which may be concurrent.
func TestValidateAnswerIsSafeForConcurrentUse(t *testing.T) {
	s := load(t)
	var checks sync.WaitGroup
	for range 4 {
		for _, link := range s.Links {
			checks.Go(func() {
				if err := link.ValidateAnswer(link.AnswerExample()); err != nil {
					t.Errorf("the example of what %s answers: %v", link.Route(), err)
				}
				if err := s.ValidateError(object{}); err == nil {
					t.Error("an error of nothing is one")
				}
			})
		}
	}
	checks.Wait()
}

func TestAttributes(t *testing.T) {
	s := load(t)
	i := slices.IndexFunc(s.Resources, func(r *Resource) bool { return r.Name == "pond" })
	var got []string
	for _, a := range s.Resources[i].Attributes {
		text, _ := json.Marshal([]any{a.Name, a.Types, a.Nullable, a.Required, a.Items, a.Resource, len(a.Members)})
		got = append(got, string(text))
	}
	want := []string{
		`["id",["integer"],false,true,null,"",0]`,
		`["slug",["string"],false,true,null,"",0]`,
		`["depth",["number"],false,false,null,"",0]`,
		`["fish",["array"],false,true,["object"],"",1]`,
		`["outlet",["object"],true,true,null,"pond",0]`,
		`["shore",["object"],false,true,null,"",2]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	link := s.Match("GET", "/ponds/1")
	if len(link.Variables) != 1 || link.Variables[0].Resource != "pond" || len(link.Variables[0].By) != 2 || link.Variables[0].By[1].Name != "slug" {
		t.Errorf("variables of the path: %+v", link.Variables)
	}
}
