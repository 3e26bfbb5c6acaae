package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// holdings are the identities of everything that an account sees, by
// resource.
type holdings map[string][]string

// holdings reads every list, also the lists below items of other lists.
func (c *client) holdings() holdings {
	c.T.Helper()
	found := holdings{}
	for _, link := range c.lists() {
		for _, path := range found.paths(link) {
			found[link.Resource] = append(found[link.Resource], c.identities(link, path, c.identifiedBy(link.Resource))...)
		}
	}
	for resource, all := range found {
		slices.Sort(all)
		found[resource] = slices.Compact(all)
	}
	return found
}

// lists returns the links of the schema that answer with lists. Lists without
// a parent come first.
func (c *client) lists() []*schema.Link {
	lists := slices.DeleteFunc(slices.Clone(c.Server.Schema.Links), func(l *schema.Link) bool { return !l.Lists() })
	slices.SortStableFunc(lists, func(a, b *schema.Link) int { return len(a.Variables) - len(b.Variables) })
	return lists
}

// identifiedBy returns the attributes that identify a resource.
func (c *client) identifiedBy(resource string) []schema.Attribute {
	all := c.Server.Schema.Identities()
	return all[slices.IndexFunc(all, func(v schema.Variable) bool { return v.Resource == resource })].By
}

// resource returns the resource of a link.
func (c *client) resource(link *schema.Link) *schema.Resource {
	all := c.Server.Schema.Resources
	return all[slices.IndexFunc(all, func(r *schema.Resource) bool { return r.Name == link.Resource })]
}

// items reads a list, and checks that its total is the number of its items.
func (c *client) items(link *schema.Link, path string) []map[string]any {
	c.T.Helper()
	many := c.resource(link).Many
	a := c.Do("GET", path, "", "Range", "id ..; max=1000")
	raw, _ := a.At(many).([]any)
	if a.StatusCode >= 300 || a.At("meta", "total") != float64(len(raw)) {
		c.T.Errorf("GET %s: %d, with %d items and a total of %v", path, a.StatusCode, len(raw), a.At("meta", "total"))
	}
	items := make([]map[string]any, len(raw))
	for i := range raw {
		items[i] = raw[i].(map[string]any)
	}
	return items
}

// identities returns the identities of the items of a list, for each
// attribute that identifies them.
func (c *client) identities(link *schema.Link, path string, by []schema.Attribute) (all []string) {
	c.T.Helper()
	for _, item := range c.items(link, path) {
		for _, a := range by {
			if text := pathText(item[a.Name]); text != "" {
				all = append(all, text)
			}
		}
	}
	return all
}

// pathText returns the text of an identity in a path; "" if the value is not
// an identity.
func pathText(identity any) string {
	switch v := identity.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return v
	}
	return ""
}

// paths returns the paths of a link, for all values of its variables.
func (h holdings) paths(link *schema.Link) []string {
	paths := []string{"/v2" + link.Path}
	for _, v := range link.Variables {
		var next []string
		for _, path := range paths {
			for _, identity := range h[v.Resource] {
				next = append(next, strings.Replace(path, "{"+v.Resource+"}", identity, 1))
			}
		}
		paths = next
	}
	return paths
}

// without returns the holdings that others do not have.
func (h holdings) without(others holdings) holdings {
	rest := holdings{}
	for resource, all := range h {
		rest[resource] = slices.DeleteFunc(slices.Clone(all), func(id string) bool { return slices.Contains(others[resource], id) })
	}
	return rest
}

// texts returns the response bodies of all lists of the account.
func (c *client) texts(of holdings) map[string]string {
	texts := map[string]string{}
	for _, link := range c.lists() {
		for _, path := range of.paths(link) {
			texts[path] = c.Do("GET", path, "").Text
		}
	}
	return texts
}

// fill creates one object of each resource from the examples of the schema,
// and another domain and droplet. It returns when their actions have ended.
func (c *client) fill(domain, second string) {
	c.T.Helper()
	names := []string{"example.com", domain} // in the examples, and their names here
	for _, link := range c.Server.Schema.Links {
		if link.Rel != "create" || len(link.Variables) > 0 {
			continue
		}
		body := strings.NewReplacer(names...).Replace(example(c.T, link))
		a := c.Do(link.Method, "/v2"+link.Path, body, "Prefer", "wait=30")
		if a.StatusCode >= 300 {
			c.T.Fatalf("%s by its example %s: %d %s", link.Route(), body, a.StatusCode, a.Text)
		}
		for _, by := range c.identifiedBy(link.Resource) {
			names = append(names, exampleText(by), pathText(a.At(c.resource(link).One, by.Name)))
		}
	}
	c.domain(second)
	if a := c.Do("POST", "/v2/droplets", goodDroplet, "Prefer", "wait=30"); a.StatusCode != http.StatusAccepted {
		c.T.Fatal(a.Text)
	}
}

// exampleText returns the example of an attribute as text for a body.
func exampleText(a schema.Attribute) string { return strings.Trim(fmt.Sprint(a.Example), `"`) }

// example returns the body of the example of a link.
func example(t testing.TB, link *schema.Link) string {
	t.Helper()
	text, err := json.Marshal(link.ParamsExample())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// privateImage gives the first account an image of its own, because no link
// creates one.
func (c *client) privateImage() {
	c.T.Helper()
	err := c.Server.DB.Write(c.T.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(c.T.Context(), `INSERT INTO images (account_id, slug, name, type, distribution, description, min_disk_gb, created_at)
			VALUES (1, 'mine', 'mine', 'snapshot', 'Micro', '', 1, 1)`)
		return err
	})
	if err != nil {
		c.T.Fatal(err)
	}
}

// notThere fails the test unless the paths of a link are answered as not
// found.
func (c *client) notThere(link *schema.Link, paths []string) {
	c.T.Helper()
	body := ""
	if link.Method != http.MethodGet {
		body = example(c.T, link)
	}
	for _, path := range paths {
		if a := c.Do(link.Method, path, body); a.StatusCode != http.StatusNotFound || a.At("id") != "not_found" {
			c.T.Errorf("%s %s: %d %s", link.Method, path, a.StatusCode, a.Text)
		}
	}
}

// TestAccountsCannotSeeEachOther tests every link of the schema that names an
// object, and every list, also of future resources. Another account cannot
// find the objects of an account, and its totals do not count them.
func TestAccountsCannotSeeEachOther(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.DropletLimit = 2 })
	other := c.stranger(t)
	public, empty := other.holdings(), other.texts(holdings{})
	c.fill("example.com", "example.net")
	c.privateImage()
	mine := c.holdings().without(public)
	before := c.texts(mine)

	for _, link := range c.Server.Schema.Links {
		paths := mine.paths(link)
		if len(paths) == 0 && !slices.ContainsFunc(link.Variables, func(v schema.Variable) bool { return len(public[v.Resource]) > 0 }) {
			t.Errorf("%s: the account has nothing to name in it; make it in fill", link.Route())
		}
		if len(link.Variables) > 0 {
			other.notThere(link, paths)
		} else if path := "/v2" + link.Path; link.Rel == "self" && other.Do(link.Method, path, "").Text == c.Do(link.Method, path, "").Text {
			t.Errorf("%s shows two accounts the same", link.Route())
		}
	}
	for path, want := range empty {
		if got := other.Do("GET", path, "").Text; got != want {
			t.Errorf("GET %s of another account is\n%s\nand was\n%s", path, got, want)
		}
	}
	c.filtersShowNothing(other, mine)
	c.same("another account asked for it", before)

	other.fill("example.org", "example.info")
	c.same("another account made its own", before)
	theirs := other.holdings().without(public)
	for _, both := range []struct {
		who           *client
		above, within holdings
	}{{other, theirs, mine}, {c, mine, theirs}} {
		for _, link := range c.Server.Schema.Links {
			if n := len(link.Variables); n > 1 {
				parts := maps.Clone(both.above)
				last := link.Variables[n-1].Resource
				parts[last] = both.within.without(both.above)[last]
				both.who.notThere(link, parts.paths(link))
			}
		}
	}
	c.same("another account asked for it below its own", before)
	for _, who := range []*client{c, other} {
		if a := who.Do("POST", "/v2/droplets", goodDroplet); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("a third droplet of two: %d %s", a.StatusCode, a.Text)
		}
	}
}

// filtersShowNothing filters every list for the objects of an account, by the
// values of its items and by the values that the schema names.
func (c *client) filtersShowNothing(other *client, mine holdings) {
	c.T.Helper()
	for _, link := range c.lists() {
		if len(link.Variables) > 0 {
			continue
		}
		items := c.items(link, "/v2"+link.Path)
		for _, filter := range link.Params() {
			values := append([]any{filter.Example, "true"}, filter.Enum...)
			for _, item := range items {
				values = append(values, item[filter.Name])
			}
			asked := map[string]bool{"": true}
			for _, value := range values {
				text := pathText(value)
				if asked[text] {
					continue
				}
				asked[text] = true
				path := "/v2" + link.Path + "?" + url.Values{filter.Name: {text}}.Encode()
				if other.Do("GET", path, "").StatusCode == http.StatusUnprocessableEntity {
					continue // the filter cannot have this value
				}
				for _, id := range other.identities(link, path, c.identifiedBy(link.Resource)) {
					if slices.Contains(mine[link.Resource], id) {
						c.T.Errorf("GET %s shows %s to another account", path, id)
					}
				}
			}
		}
	}
}

// same fails the test unless all lists are unchanged.
func (c *client) same(when string, before map[string]string) {
	c.T.Helper()
	for path, want := range before {
		if got := c.Do("GET", path, "").Text; got != want {
			c.T.Errorf("GET %s, when %s, is\n%s\nand was\n%s", path, when, got, want)
		}
	}
}

// TestItemsAreNotFoundUnderAnotherParent requests the objects of an account
// below a parent that is not theirs.
func TestItemsAreNotFoundUnderAnotherParent(t *testing.T) {
	c := newClient(t)
	c.fill("example.com", "example.net")
	mine := c.holdings()
	for _, link := range c.Server.Schema.Links {
		n := len(link.Variables)
		if n < 2 {
			continue
		}
		child := link.Variables[n-1]
		upper, _, _ := strings.Cut(link.Path, "/{"+child.Resource+"}")
		above := c.Server.Schema.Links[slices.IndexFunc(c.Server.Schema.Links, func(l *schema.Link) bool { return l.Lists() && l.Path == upper })]
		wrong := 0
		for _, parent := range mine.paths(above) {
			there := c.identities(above, parent, child.By)
			for _, id := range mine[child.Resource] {
				if !slices.Contains(there, id) {
					wrong++
					c.notThere(link, []string{parent + "/" + id})
				}
			}
			if len(there) == 0 {
				t.Errorf("%s is empty: make something in fill", parent)
			}
		}
		if wrong == 0 {
			t.Errorf("%s: there is only one parent; make another in fill", link.Route())
		}
	}
}

// TestDeletedItemsAreNotFound deletes all objects of an account, children
// before their parents. No link shows them afterwards.
func TestDeletedItemsAreNotFound(t *testing.T) {
	c := newClient(t)
	c.fill("example.com", "example.net")
	mine := c.holdings()
	links := slices.DeleteFunc(slices.Clone(c.Server.Schema.Links), func(l *schema.Link) bool { return l.Rel != "destroy" })
	slices.SortStableFunc(links, func(a, b *schema.Link) int { return len(b.Variables) - len(a.Variables) })
	for _, destroys := range links {
		gone := 0
		for _, path := range mine.paths(destroys) {
			if a := c.Do(destroys.Method, path, ""); a.StatusCode != http.StatusNoContent {
				continue // already deleted by its other name, or permanent: the SOA record of a domain, a public image
			}
			gone++
			for _, link := range c.Server.Schema.Links {
				below := slices.DeleteFunc(mine.paths(link), func(other string) bool { return other != path && !strings.HasPrefix(other, path+"/") })
				c.notThere(link, below)
			}
		}
		if gone == 0 && destroys.Resource != "image" {
			t.Errorf("%s destroys nothing of %v", destroys.Route(), mine)
		}
	}
}

// Objects that a request body names must belong to the account of the
// request.
func TestAnotherAccountsItemsCannotBeUsed(t *testing.T) {
	c := newClient(t)
	other := c.stranger(t)
	c.fill("example.com", "example.net")
	c.privateImage()
	mine := c.holdings()
	other.domain("example.org")
	record := mine["domain-record"][0]
	tried := []string{`{"delete":[` + record + `]}`, `{"update":[{"id":` + record + `,"ttl":60}]}`}
	for _, body := range tried {
		if a := other.Do("PATCH", "/v2/domains/example.org/records", body); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "no record with this id") {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.Text)
		}
	}
	for _, key := range mine["key"] {
		body := with(fmt.Sprintf(`"ssh_keys":[%q]`, key))
		if a := other.Do("POST", "/v2/droplets", body); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.Text)
		}
	}
	if own := c.Do("POST", "/v2/droplets", with(fmt.Sprintf(`"ssh_keys":[%q]`, mine["key"][0]))); own.StatusCode != http.StatusAccepted {
		t.Errorf("by one's own key: %d %s", own.StatusCode, own.Text)
	}
	private := c.Do("GET", "/v2/images?private=true", "")
	for _, image := range []string{"mine", pathText(private.At("images", 0, "id"))} {
		theirs := other.Do("POST", "/v2/droplets", with(fmt.Sprintf(`"image":%q`, image)))
		unknown := other.Do("POST", "/v2/droplets", with(`"image":"nosuch"`))
		if theirs.StatusCode != http.StatusUnprocessableEntity || theirs.At("message") != strings.ReplaceAll(unknown.At("message").(string), "nosuch", image) {
			t.Errorf("from image %s: %d %s; from one that is not there: %s", image, theirs.StatusCode, theirs.Text, unknown.Text)
		}
	}
	for _, name := range []string{"example.com", "sub.example.com"} {
		if a := other.Do("POST", "/v2/domains", fmt.Sprintf(`{"name":%q}`, name)); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("domain %s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	if n := other.droplets(); n != 0 {
		t.Errorf("another account has %v droplets", n)
	}
}
