// Package reference generates the API's reference for people from the schema: one page
// of HTML, with a sample command for every link that can be run unchanged.
package reference

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var page = template.Must(template.New("page").Parse(pageHTML))

// Page returns the reference of an API at that origin.
func Page(s *schema.Schema, origin string) ([]byte, error) {
	var resources []resource
	shared := map[string]*table{} // tables in the overview, by resource
	for _, r := range s.Resources {
		described := describe(s, r)
		if len(r.Links) == 0 {
			shared[r.Name] = described.Table
			continue
		}
		resources = append(resources, described)
	}
	var text bytes.Buffer
	err := page.Execute(&text, map[string]any{
		"CSS": template.CSS(pageCSS), "Origin": origin, "Resources": resources, "Errors": httperr.Table(), "Sample": overview,
		"Shared": shared,
	})
	return text.Bytes(), err
}

// resource is one resource as the page shows it.
type resource struct {
	Name, Title, Description string
	Table                    *table
	Links                    []link
}

// link is one link as the page shows it.
type link struct {
	Operation, Title, Description string
	Method, Path                  string
	Scopes                        []string // one of them is enough
	Params                        *table   // nil if there are none
	Sample                        sample
	Status                        int
	StatusText                    string
	Answer                        string // an example of its body
}

func describe(s *schema.Schema, r *schema.Resource) resource {
	shown := resource{Name: r.Name, Title: r.Title, Description: r.Description, Table: &table{Rows: rows("", r.Attributes)}}
	for _, l := range r.Links {
		described := link{
			Operation: l.Operation(), Title: l.Title, Description: l.Description, Method: l.Method, Path: "/v2" + l.Path, Scopes: l.Scopes,
			Sample: curl(s, l), Status: l.Status, StatusText: http.StatusText(l.Status), Answer: indented(l.AnswerExample()),
		}
		if params := append(variables(l), rows("", l.Params())...); len(params) > 0 {
			described.Params = &table{Params: true, Rows: params}
		}
		shown.Links = append(shown.Links, described)
	}
	return shown
}

// table is a table of attributes or of parameters.
type table struct {
	Params bool
	Rows   []row
}

// row is one line of a table.
type row struct {
	Name, Type, Description, Example string
	Resource                         string // to which the type refers
	Required                         bool
	Member                           bool // it is a member of the object above it
}

// rows returns the lines of a table. Members come after their object.
func rows(prefix string, attributes []schema.Attribute) []row {
	var all []row
	for _, a := range attributes {
		r := row{Name: prefix + a.Name, Type: kind(a), Description: described(a), Resource: a.Resource, Required: a.Required, Member: prefix != ""}
		if a.Resource == "" && len(a.Members) == 0 {
			r.Example = compact(a.Example)
		}
		all = append(all, r)
		below := r.Name + "."
		if len(a.Items) > 0 {
			below = r.Name + "[]."
		}
		all = append(all, rows(below, a.Members)...)
	}
	return all
}

// described returns an attribute's description, with the values of its enum unless the
// description has all of them.
func described(a schema.Attribute) string {
	values := make([]string, len(a.Enum))
	for i, value := range a.Enum {
		values[i] = fmt.Sprint(value)
	}
	named := func(value string) bool { return strings.Contains(a.Description, value) }
	if !slices.ContainsFunc(values, func(value string) bool { return !named(value) }) || len(values) > maxNamed {
		return a.Description
	}
	return a.Description + ": " + strings.Join(values, ", ")
}

// maxNamed is the maximum number of values that are listed in a description.
const maxNamed = 10

// variables returns the lines for the variables in a link's path.
func variables(l *schema.Link) []row {
	var all []row
	for _, v := range l.Variables {
		r := row{Name: v.Resource, Resource: v.Resource, Required: true, Example: compact(v.By[0].Example)}
		var names []string
		for _, by := range v.By {
			names = append(names, by.Name)
		}
		r.Type, r.Description = "in the path", strings.Join(names, " or ")+" of the "+strings.ReplaceAll(v.Resource, "-", " ")
		all = append(all, r)
	}
	return all
}

// kind returns an attribute's type in words.
func kind(a schema.Attribute) string {
	text := strings.Join(a.Types, " or ")
	if len(a.Items) > 0 {
		text = strings.Replace(text, "array", "array of "+strings.Join(a.Items, "s or ")+"s", 1)
	}
	if a.Nullable {
		text += " or null"
	}
	return text
}
