package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

// openAPI is the served document, in the form that the validator of JSON
// Schema takes.
type openAPI struct {
	text     []byte
	doc      any
	compiler *jsonschema.Compiler
}

const openAPIURL = "https://rockpool.invalid/openapi.json"

func readOpenAPI(c *client) openAPI {
	c.T.Helper()
	a := c.Do("GET", "/v2/openapi.json", "", "Authorization", "")
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "application/json" {
		c.T.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(a.Text))
	if err != nil {
		c.T.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource(openAPIURL, doc); err != nil {
		c.T.Fatal(err)
	}
	return openAPI{[]byte(a.Text), doc, compiler}
}

// compile compiles the schema at those keys. The compiler also validates it
// against the metaschema.
func (o openAPI) compile(t *testing.T, keys ...string) *jsonschema.Schema {
	t.Helper()
	pointer := ""
	for _, key := range keys {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
	}
	compiled, err := o.compiler.Compile(openAPIURL + "#" + pointer)
	if err != nil {
		t.Fatalf("%s: %v", pointer, err)
	}
	return compiled
}

// at returns the object at those keys.
func (o openAPI) at(keys ...string) map[string]any {
	value := o.doc
	for _, key := range keys {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	object, _ := value.(map[string]any)
	return object
}

const jsonType = "application/json"

// checkAnswer checks a response body against the schema of the link in the
// document.
func (o openAPI) checkAnswer(t *testing.T, link *schema.Link, status int, text string) {
	t.Helper()
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = o.compile(t, "paths", link.Path, strings.ToLower(link.Method), "responses", fmt.Sprint(status), "content", jsonType, "schema").Validate(body)
	}
	if err != nil {
		t.Errorf("what %s answers is not what OpenAPI says: %v\n%s", link.Route(), err, text)
	}
}

func TestOpenAPI(t *testing.T) {
	c := newClient(t)
	o := readOpenAPI(c)
	loaded, err := openapi3.NewLoader().LoadFromData(o.text)
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Validate(t.Context()); err != nil {
		t.Errorf("not valid: %v", err)
	}
	checkReferences(t, o.doc.(map[string]any), o.doc)
	if got := loaded.Servers[0].URL; got != c.URL+"/v2" {
		t.Errorf("server %s", got)
	}
	for name := range o.at("components", "schemas") {
		o.compile(t, "components", "schemas", name)
	}
	operations := 0
	for _, item := range loaded.Paths.Map() {
		operations += len(item.Operations())
	}
	if links := c.Server.Schema.Links; operations != len(links) {
		t.Errorf("%d operations for %d links", operations, len(links))
	}
	ids := map[string]bool{}
	for _, link := range c.Server.Schema.Links {
		operation := loaded.Paths.Find(link.Path).GetOperation(link.Method)
		if operation.OperationID == "" || ids[operation.OperationID] || len(operation.Tags) != 1 || operation.Responses.Status(link.Status) == nil {
			t.Errorf("%s: id %q, tags %v, answers %v", link.Route(), operation.OperationID, operation.Tags, operation.Responses.Keys())
		}
		ids[operation.OperationID] = true
		o.checkExamples(t, "paths", link.Path, strings.ToLower(link.Method))
	}
}

// checkExamples checks the examples of an operation against their schemas.
func (o openAPI) checkExamples(t *testing.T, operation ...string) {
	t.Helper()
	check := func(keys ...string) {
		t.Helper()
		keys = append(slices.Clone(operation), append(keys, "content", jsonType)...)
		example, ok := o.at(keys...)["example"]
		if !ok {
			return
		}
		if err := o.compile(t, append(keys, "schema")...).Validate(example); err != nil {
			t.Errorf("the example of %v: %v", keys, err)
		}
	}
	check("requestBody")
	for status := range o.at(append(operation, "responses")...) {
		check("responses", status)
	}
}

// The document has what generators of clients need, in the places where they
// look for it.
func TestOpenAPIHasWhatGeneratorsNeed(t *testing.T) {
	o := readOpenAPI(newClient(t))
	list := []string{"paths", "/account/keys", "get"}
	create := []string{"paths", "/droplets", "post"}
	for _, test := range []struct {
		keys []string
		want []string
	}{
		{append(list, "responses"), []string{"200", "206", "400", "401", "403", "416", "422", "429", "500", "503"}},
		{append(list, "responses", "206", "headers"), []string{"Accept-Ranges", "Content-Range", "Next-Range", "Prev-Range",
			"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-Id"}},
		{append(create, "responses"), []string{"202", "400", "401", "403", "409", "413", "415", "422", "429", "500", "503"}},
		{append(create, "requestBody", "content"), []string{jsonType, "application/x-www-form-urlencoded", "multipart/form-data"}},
		{[]string{"paths", "/account/keys/{key}", "delete", "responses", "204"}, []string{"description", "headers"}},
		{[]string{"components", "securitySchemes"}, []string{"access_token", "basic", "bearer"}},
		{[]string{"components", "responses", "too_many_requests", "headers"}, []string{
			"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "X-Request-Id"}},
	} {
		var got []string
		for key := range o.at(test.keys...) {
			got = append(got, key)
		}
		if slices.Sort(got); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.keys, got, test.want)
		}
	}
	known := fmt.Sprint(o.at("components", "schemas", "error", "properties", "id")["enum"])
	for _, kind := range httperr.Table() {
		if !strings.Contains(known, kind.ID) || o.at("components", "responses", kind.ID) == nil && !bytes.Contains(o.text, []byte(kind.When)) {
			t.Errorf("the error %s is missing", kind.ID)
		}
	}
	var names []string
	for _, parameter := range o.at("paths", "/droplets", "get")["parameters"].([]any) {
		names = append(names, fmt.Sprint(parameter.(map[string]any)["name"], parameter.(map[string]any)["$ref"]))
	}
	want := "[image<nil> name<nil> region<nil> size<nil> status<nil> tag_name<nil> type<nil> <nil>#/components/parameters/page <nil>#/components/parameters/per_page <nil>#/components/parameters/Range]"
	if fmt.Sprint(names) != want {
		t.Errorf("parameters of a list: %v, want %s", names, want)
	}
}
