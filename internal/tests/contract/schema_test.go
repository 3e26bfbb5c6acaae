package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestSchema(t *testing.T) {
	c := newClient(t)
	if err := c.Server.Schema.Check(); err != nil {
		t.Error(err)
	}
	a := c.Do("GET", "/v2/schema", "", "Authorization", "")
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "application/schema+json" {
		t.Fatalf("%d %s", a.StatusCode, a.Text)
	}
	if again := c.Do("GET", "/v2/schema", "", "If-None-Match", a.Header.Get("ETag")); again.StatusCode != http.StatusNotModified || again.Text != "" {
		t.Errorf("with its ETag: %d, %d bytes", again.StatusCode, len(again.Text))
	}
	if got := a.At("links", 0, "href"); got != c.URL+"/v2" {
		t.Errorf("self is %v", got)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(a.Text)))
	if err != nil {
		t.Fatal(err)
	}
	meta, err := jsonschema.NewCompiler().Compile("http://json-schema.org/draft-04/schema")
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Errorf("not valid by draft-04: %v", err)
	}
	checkReferences(t, doc.(map[string]any), doc)
	for name, resource := range doc.(map[string]any)["definitions"].(map[string]any) {
		for _, l := range resource.(map[string]any)["links"].([]any) {
			link := l.(map[string]any)
			// Draft-04 itself says nothing of links; their schemas are plain ones.
			for _, key := range []string{"schema", "targetSchema"} {
				part, ok := link[key]
				if err := meta.Validate(part); ok && err != nil {
					t.Errorf("%s's link %s: %s is not valid by draft-04: %v", name, link["title"], key, err)
				}
			}
			if _, ok := link["targetSchema"]; ok == (fmt.Sprint(link["status"]) == "204") {
				t.Errorf("%s's link %s: rel %s and targetSchema %v", name, link["title"], link["rel"], link["targetSchema"])
			}
			c.checkServed(link)
		}
	}
}

// checkReferences fails the test for each reference below at that has no
// target.
func checkReferences(t *testing.T, doc map[string]any, at any) {
	t.Helper()
	switch v := at.(type) {
	case []any:
		for _, item := range v {
			checkReferences(t, doc, item)
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			found := any(doc)
			for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
				object, _ := found.(map[string]any)
				found = object[part]
			}
			if found == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		for _, value := range v {
			checkReferences(t, doc, value)
		}
	}
}

// checkServed fails the test if only the router answers the link.
func (c *client) checkServed(link map[string]any) {
	c.T.Helper()
	path := hrefOfFirst(link["href"].(string))
	a := c.Do(link["method"].(string), "/v2"+path, "", "Authorization", "")
	if a.StatusCode != http.StatusUnauthorized {
		c.T.Errorf("%s %s without a token: %d", link["method"], path, a.StatusCode)
	}
}

// hrefOfFirst returns the href of a link with 1 for each identity.
func hrefOfFirst(href string) string {
	for strings.Contains(href, "{(") {
		before, rest, _ := strings.Cut(href, "{(")
		_, after, _ := strings.Cut(rest, ")}")
		href = before + "1" + after
	}
	return href
}
