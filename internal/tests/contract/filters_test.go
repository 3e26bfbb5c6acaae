package contract

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

// filtered are queries of lists, and the items that each returns, by the
// attribute "of".
var filtered = []struct {
	path, key, of string
	want          map[string]string
}{
	{"/v2/droplets", "droplets", "id", map[string]string{
		"": "[1 2 3]", "name=web-1": "[1 3]", "name=nosuch": "[]", "name=web": "[]", "name=web-1&page=1&per_page=1": "[1]",
		"name=web-1&page=2&per_page=1": "[3]",
		"tag_name=web":                 "[1 2]", "tag_name=BLUE": "[1]", "tag_name=nosuch": "[]", "type=droplets": "[1 2 3]", "type=gpus": "[]",
		"type=droplets&name=WEB-2": "[2]",
		"status=active":            "[1 2]", "status=off": "[3]", "status=archive": "[]", "region=nyc3": "[1 2 3]", "region=NYC3": "[1 2 3]", "region=ams3": "[]", "region=nosuch": "[]",
		"size=1gb": "[1 2]", "size=s-1vcpu-256mb": "[3]", "size=nosuch": "[]",
		"image=micro": "[1 2]", "image=debian-12-x64": "[3]", "image=nosuch": "[]", "image=IMAGE": "[1 2]", "image=0": "[]",
		"name=web-1&status=off": "[3]", "tag_name=web&status=active&size=1gb&image=micro&region=nyc3": "[1 2]", "tag_name=web&status=off": "[]",
		"nosuch=1": "[1 2 3]",
	}},
	{"/v2/actions", "actions", "id", map[string]string{
		"": "[4 3 2 1]", "status=completed": "[4 3 2 1]", "status=in-progress": "[]", "type=create": "[3 2 1]", "type=power_off": "[4]", "type=nosuch": "[]",
		"resource_type=droplet": "[4 3 2 1]", "resource_type=image": "[]", "resource_id=3": "[4 3]", "resource_id=03": "[4 3]", "resource_id=9": "[]", "region=nyc3": "[4 3 2 1]", "region=ams3": "[]",
		"resource_id=3&type=create": "[3]", "type=create&page=2&per_page=2": "[1]",
	}},
	{"/v2/droplets/3/actions", "actions", "id", map[string]string{
		"": "[4 3]", "status=completed&type=create": "[3]", "status=errored": "[]", "resource_id=3": "[4 3]", "resource_id=1": "[]", "resource_type=image": "[]", "region=nyc3": "[4 3]",
	}},
	{"/v2/droplet/3/actions", "actions", "id", map[string]string{"type=power_off": "[4]"}},
	{"/v2/images", "images", "slug", map[string]string{
		"slug=micro": "[micro]", "slug=nosuch": "[]", "slug=micro&type=distribution": "[micro]", "slug=micro&type=application": "[]", "slug=micro&type=user": "[]",
		"private=true": "[]", "private=false&slug=micro": "[micro]", "tag_name=web": "[]", "slug=micro&status=available": "[micro]", "status=NEW": "[]",
		"slug=micro&region=nyc3": "[micro]", "slug=micro&region=NYC3": "[micro]", "region=nosuch": "[]",
		"distribution=debian&name=12+X64": "[debian-12-x64]", "distribution=nosuch": "[]", "name=nosuch": "[]",
	}},
	{"/v2/account/keys", "ssh_keys", "name", map[string]string{
		"name=KEY+1": "[key 1]", "name=nosuch": "[]", "fingerprint=FINGERPRINT": "[key 2]", "fingerprint=nosuch": "[]", "fingerprint=FINGERPRINT&name=key+1": "[]",
	}},
	{"/v2/regions", "regions", "slug", map[string]string{
		"available=true": "[nyc3]", "available=true&feature=metadata": "[nyc3]", "available=yes": "[nyc3]", "feature=nosuch": "[]",
	}},
	{"/v2/sizes", "sizes", "slug", map[string]string{
		"region=ams3": "[]", "region=nosuch": "[]", "available=false&region=nyc3": "[]",
	}},
}

func filterCloud(t testing.TB) (c *client, replaced *strings.Replacer) {
	c = newClient(t, func(s *server.Config) { s.Regions = []string{"nyc3"} })
	for _, body := range []string{
		`{"name":"Web-1","size":"1gb","image":"micro","tags":["web","blue"]}`,
		`{"name":"web-2","size":"1gb","image":"micro","tags":["web"]}`,
		`{"name":"web-1","size":"s-1vcpu-256mb","image":"debian-12-x64"}`,
	} {
		c.Create(body)
	}
	c.Wait(c.Do("POST", "/v2/droplets/3/actions", `{"type":"power_off"}`).At("action", "id"))
	c.addKeys(2)
	var fingerprint any
	for i, k := range c.Do("GET", "/v2/account/keys", "").At("ssh_keys").([]any) {
		key := k.(map[string]any)
		if i == 1 {
			fingerprint = key["fingerprint"]
		}
		c.Do("PATCH", fmt.Sprintf("/v2/account/keys/%v", key["id"]), fmt.Sprintf(`{"name":"key %d"}`, i+1))
	}
	return c, strings.NewReplacer("IMAGE", fmt.Sprint(c.Do("GET", "/v2/images/micro", "").At("image", "id")), "FINGERPRINT", strings.ToUpper(fmt.Sprint(fingerprint)))
}

// values returns one attribute of all items of a list.
func values(a answer, key, attribute string) []any {
	values := []any{}
	items, _ := a.At(key).([]any)
	for _, item := range items {
		values = append(values, item.(map[string]any)[attribute])
	}
	return values
}

func TestFilters(t *testing.T) {
	c, replaced := filterCloud(t)
	for _, l := range filtered {
		for query, want := range l.want {
			a := c.Do("GET", l.path+"?"+replaced.Replace(query), "")
			if got := fmt.Sprint(values(a, l.key, l.of)); got != want {
				t.Errorf("%s?%s: %d %v, want %s", l.path, query, a.StatusCode, got, want)
			}
			if shown := len(values(a, l.key, l.of)); !strings.Contains(query, "page=") && a.At("meta", "total") != float64(shown) {
				t.Errorf("%s?%s: total %v of %d", l.path, query, a.At("meta", "total"), shown)
			}
		}
	}
	all, some := c.Do("GET", "/v2/sizes", ""), c.Do("GET", "/v2/sizes?available=true&region=nyc3", "")
	here := slices.DeleteFunc(all.At("sizes").([]any), func(s any) bool { return s.(map[string]any)["available"] == false })
	if got := values(some, "sizes", "slug"); len(got) == 0 || len(got) != len(here) {
		t.Errorf("available sizes: %v, want %d", got, len(here))
	}
}

// Links and ranges of a filtered list lead to further pages of the same
// filtered list.
func TestNextPagesKeepFilters(t *testing.T) {
	c, _ := filterCloud(t)
	first := c.Do("GET", "/v2/droplets?name=web-1&status=active&per_page=1", "")
	if first.At("meta", "total") != 1.0 || first.At("links", "pages") != nil {
		t.Errorf("one of one: %s", first.Text)
	}
	first = c.Do("GET", "/v2/droplets?name=web-1&per_page=1", "")
	next, err := url.Parse(fmt.Sprint(first.At("links", "pages", "next")))
	if err != nil || next.Query().Get("name") != "web-1" {
		t.Fatalf("next: %v", next)
	}
	if a := c.Do("GET", next.RequestURI(), ""); fmt.Sprint(values(a, "droplets", "id")) != "[3]" || a.At("meta", "total") != 2.0 {
		t.Errorf("%s: %s", next, a.Text)
	}
	ranged := c.Do("GET", "/v2/droplets?name=web-1", "", "Range", "id ..; max=1")
	if ranged.StatusCode != http.StatusPartialContent || fmt.Sprint(values(ranged, "droplets", "id")) != "[1]" {
		t.Errorf("a range: %d %s", ranged.StatusCode, ranged.Text)
	}
	last := c.Do("GET", "/v2/droplets?name=web-1", "", "Range", ranged.Header.Get("Next-Range"))
	if fmt.Sprint(values(last, "droplets", "id")) != "[3]" || last.Header.Get("Next-Range") != "" || last.Header.Get("Prev-Range") != "id 1..1; max=1" {
		t.Errorf("the next range: %v %s", last.Header, last.Text)
	}
}

func TestInvalidFiltersAreRejected(t *testing.T) {
	c := newClient(t)
	for path, want := range map[string]string{
		"/v2/droplets?tag_name=a&name=b":                     "Tag name can't be combined with name or type",
		"/v2/droplets?tag_name=a&type=droplets":              "Tag name can't be combined with name or type",
		"/v2/droplets?status=nosuch":                         "Status must be one of: new, active, off, archive",
		"/v2/droplets?type=nosuch":                           "Type must be one of: droplets, gpus",
		"/v2/actions?status=nosuch":                          "Status must be one of: in-progress, completed, errored",
		"/v2/actions?resource_id=x":                          "Resource id must be an integer, not a string",
		"/v2/actions?resource_id=" + strings.Repeat("9", 30): "Resource id",
		"/v2/images?status=nosuch":                           "Status must be one of: NEW, available, pending, deleted, retired",
		"/v2/images?private=perhaps":                         "Private must be a boolean, not a string",
		"/v2/regions?available=perhaps":                      "Available must be a boolean, not a string",
		"/v2/sizes?region=a%00":                              "Region must not hold NUL characters",
	} {
		a := c.Do("GET", path, "")
		if message, _ := a.JSON["message"].(string); a.StatusCode != http.StatusUnprocessableEntity || !strings.HasPrefix(message, want) {
			t.Errorf("%s: %d %q, want %q", path, a.StatusCode, message, want)
		}
	}
}

func TestOneRegionAndOneSize(t *testing.T) {
	c := newClient(t)
	for path, want := range map[string][3]string{
		"/v2/regions/nyc3":      {"region", "slug", "nyc3"},
		"/v2/regions/NYC3":      {"region", "slug", "nyc3"},
		"/v2/regions/ams3":      {"region", "slug", "ams3"},
		"/v2/sizes/s-1vcpu-1gb": {"size", "slug", "s-1vcpu-1gb"},
		"/v2/sizes/512mb":       {"size", "slug", "512mb"},
	} {
		if a := c.Do("GET", path, ""); a.StatusCode != http.StatusOK || a.At(want[0], want[1]) != want[2] {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.Text)
		}
	}
}

// Links to other pages contain the filters, also those from a body.
func TestLinksKeepFiltersOfBodies(t *testing.T) {
	c := newClient(t)
	for _, body := range []string{`{"name":"a","size":"1gb","image":"micro","tags":["x"]}`,
		`{"name":"b","size":"1gb","image":"micro"}`, `{"name":"c","size":"1gb","image":"micro","tags":["x"]}`} {
		c.Create(body)
	}
	want := c.URL + "/v2/droplets?page=2&per_page=1&tag_name=x"
	for name, a := range map[string]answer{
		"query": c.Do("GET", "/v2/droplets?tag_name=x&per_page=1", ""),
		"JSON":  c.Do("GET", "/v2/droplets", `{"tag_name":"x","per_page":1}`),
		"form": c.Do("POST", "/v2/droplets", "tag_name=x&per_page=1", "X-Http-Method-Override", "GET",
			"Content-Type", "application/x-www-form-urlencoded"),
	} {
		if got := a.At("links", "pages", "next"); got != want || a.At("meta", "total") != 2.0 {
			t.Errorf("%s: next is %v, want %s; %v in all", name, got, want, a.At("meta", "total"))
		}
	}
}
