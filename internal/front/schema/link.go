package schema

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Link is one operation of one resource.
type Link struct {
	Resource    string
	Title       string
	Description string
	Rel         string // relation to the resource: create, destroy, instances, self or update
	Method      string
	Path        string     // below /v2, identities as {resource}
	Variables   []Variable // the identities in Path
	Scopes      []string   // a token needs one of them; for example droplet:read
	Alias       *Link      // the link of which this one is an alias; nil if it is none
	Status      int        // of its answer
	Also        int        // another status of its answer, for example if nothing had to be done; 0 for none

	pointer string // to it in the document
	params  []parameter
	schema  object // of its parameters; nil if it has none
	target  object // of its answer; nil if it has no body
	doc     document
	rules   func() (*jsonschema.Schema, error) // of its parameters; nil if it has none
	answer  func() (*jsonschema.Schema, error)
}

// Variable is an identity in a link's path.
type Variable struct {
	Resource string
	By       []Attribute // the attributes that identify it
}

// Route returns the link's key among the handlers: "METHOD /path".
func (l *Link) Route() string { return l.Method + " " + l.Path }

// Operation returns the link's name for programs, such as droplet_action_create.
func (l *Link) Operation() string {
	return strings.ToLower(strings.NewReplacer("-", "_", " ", "_").Replace(l.Resource + "_" + l.Title))
}

// Lists reports whether the link answers with a list.
func (l *Link) Lists() bool { return l.Rel == "instances" }

// Match returns the link for a method and a percent-encoded path below /v2; nil if
// there is none. HEAD matches like GET.
func (s *Schema) Match(method, path string) *Link {
	if method == "HEAD" {
		method = "GET"
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	// The links are sorted so that a literal segment comes before a variable.
	i := slices.IndexFunc(s.Links, func(l *Link) bool { return l.Method == method && l.fits(segments) })
	if i < 0 {
		return nil
	}
	return s.Links[i]
}

func (l *Link) fits(segments []string) bool {
	wanted := strings.Split(l.Path, "/")
	return slices.EqualFunc(wanted, segments, func(want, have string) bool {
		return want == have || strings.HasPrefix(want, "{") && have != ""
	})
}

// link decodes a completed link.
func (d document) link(resource string, raw object) (*Link, error) {
	var link Link
	var text struct{ Title, Description, Rel, Method, Href string }
	if err := remarshal(raw, &text); err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"title": text.Title, "description": text.Description, "rel": text.Rel,
		"method": text.Method, "href": text.Href} {
		if value == "" {
			return nil, fmt.Errorf("it has no %s", name)
		}
	}
	if link.Scopes = scopes(raw["scope"]); len(link.Scopes) == 0 || slices.Contains(link.Scopes, "") {
		return nil, errors.New("it has no scope")
	}
	if err := remarshal(raw["status"], &link.Status); err != nil {
		return nil, fmt.Errorf("its status: %w", err)
	}
	if err := remarshal(raw["also"], &link.Also); err != nil {
		return nil, fmt.Errorf("its other status: %w", err)
	}
	link.Resource, link.Title, link.Description, link.Rel = resource, text.Title, text.Description, text.Rel
	link.Method, link.doc = text.Method, d
	link.target, _ = raw["targetSchema"].(object)
	if link.schema, _ = raw["schema"].(object); link.schema != nil {
		var err error
		if link.params, err = link.parameters(); err != nil {
			return nil, err
		}
	}
	return &link, link.readHref(text.Href)
}

// scopes decodes one scope or a list of scopes; none if the value is invalid.
func scopes(value any) (all []string) {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	list, _ := value.([]any)
	for _, item := range list {
		one, _ := item.(string)
		all = append(all, one)
	}
	return all
}

// identity matches a variable of an href: the percent-encoded pointer to a definition,
// in parentheses, as Heroku's client generators expect it.
var identity = regexp.MustCompile(`\{\(([^)]*)\)\}`)

// readHref sets Path and Variables: it replaces an href's variables by the names of
// the resources that they identify.
func (l *Link) readHref(href string) error {
	var errs []error
	l.Path = identity.ReplaceAllStringFunc(href, func(variable string) string {
		pointer, err := url.PathUnescape(identity.FindStringSubmatch(variable)[1])
		parts := strings.Split(pointer, "/")
		if err != nil || len(parts) != 5 || parts[1] != "definitions" || parts[3] != "definitions" || l.doc.resolve(pointer) == nil {
			errs = append(errs, fmt.Errorf("href %s: %s does not point to a definition", href, variable))
			return ""
		}
		name := parts[2]
		if slices.ContainsFunc(l.Variables, func(v Variable) bool { return v.Resource == name }) {
			errs = append(errs, fmt.Errorf("href %s names a %s twice", href, name))
		}
		l.Variables = append(l.Variables, Variable{Resource: name, By: l.doc.identified(pointer)})
		return "{" + name + "}"
	})
	if strings.ContainsAny(identity.ReplaceAllString(href, ""), "{}") || !strings.HasPrefix(href, "/") {
		errs = append(errs, errors.New("href "+href+" is no path with pointers in {( )}"))
	}
	return errors.Join(errs...)
}

// Slug returns the example of the slug that identifies the resource. ok is false if
// the resource has no slug that is the same in every cloud, as those of a catalogue
// are.
func (v Variable) Slug() (slug string, ok bool) {
	i := slices.IndexFunc(v.By, func(a Attribute) bool { return a.Name == "slug" })
	if i < 0 {
		return "", false
	}
	slug, ok = v.By[i].Example.(string)
	return slug, ok
}

// Identities returns the identity of each resource that has one.
func (s *Schema) Identities() []Variable {
	var all []Variable
	for name := range s.doc.resources() {
		if pointer := identityOf(name); s.doc.resolve(pointer) != nil {
			all = append(all, Variable{Resource: name, By: s.doc.identified(pointer)})
		}
	}
	return all
}
