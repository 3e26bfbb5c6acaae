package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

const draftType = "application/vnd.digitalocean.draft+json"

// draft asks for the draft view.
func (c *client) draft(method, path, body string, headers ...string) answer {
	c.T.Helper()
	return c.Do(method, path, body, append(headers, "Accept", draftType)...)
}

// decoded reads an answer that may be an array.
func decoded(t *testing.T, a answer) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(a.Text), &value); err != nil {
		t.Fatalf("%v: %d %s", err, a.StatusCode, a.Text)
	}
	return value
}

// firstOf returns the first element of an answer that is an array.
func firstOf(t *testing.T, a answer) map[string]any {
	t.Helper()
	list, _ := decoded(t, a).([]any)
	if len(list) == 0 {
		t.Fatalf("no array with something in it: %s", a.Text)
	}
	object, _ := list[0].(map[string]any)
	return object
}

type object = map[string]any

func draftImage() object {
	return object{"id": 1.0, "slug": "micro", "name": "Micro x64", "distribution": "Debian", "public": true}
}

func TestDraftView(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.Regions = []string{"nyc3"} })
	small := object{"slug": "s-1vcpu-256mb", "memory": "256mb", "cpus": 1.0, "disk": "10gb", "transfer": "0.5tb",
		"price_monthly": "2.00", "price_hourly": "0.003", "regions": []any{"nyc3"}}
	key := object{"id": 1.0, "name": "a", "public_key": someKey}

	made := c.draft("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"a","public_key":%q}`, someKey))
	key["fingerprint"] = made.At("fingerprint")
	if diff := cmp.Diff(any(key), decoded(t, made)); made.StatusCode != http.StatusCreated || diff != "" {
		t.Errorf("POST key: %d %s", made.StatusCode, diff)
	}
	region := firstOf(t, c.draft("GET", "/v2/regions", "", "Range", "slug nyc3..nyc3"))
	if sizes, _ := region["sizes"].([]any); len(sizes) == 0 {
		t.Error("the region has no sizes")
	}
	delete(region, "sizes")

	for name, test := range map[string]struct {
		got  any
		want any
	}{
		"a key":     {decoded(t, c.draft("GET", "/v2/account/keys/1", "")), key},
		"keys":      {decoded(t, c.draft("GET", "/v2/account/keys", "")), []any{key}},
		"by view":   {decoded(t, c.Do("GET", "/v2/account/keys?view=draft", "")), []any{key}},
		"a size":    {firstOf(t, c.draft("GET", "/v2/sizes", "")), small},
		"a region":  {region, object{"slug": "nyc3", "name": "New York 3", "available": true}},
		"an image":  {decoded(t, c.draft("GET", "/v2/images/micro", "")), draftImage()},
		"images":    {firstOf(t, c.draft("GET", "/v2/images", "")), draftImage()},
		"droplets":  {decoded(t, c.draft("GET", "/v2/droplets", "")), []any{}},
		"actions":   {decoded(t, c.draft("GET", "/v2/actions", "")), []any{}},
		"PUT a key": {decoded(t, c.draft("PUT", "/v2/account/keys/1", `{"name":"a"}`)), key},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (- want, + got):\n%s", name, diff)
		}
	}
	if a := c.draft("GET", "/v2/account", ""); a.At("uuid") == nil {
		t.Errorf("the account: %s", a.Text)
	}
	gone := c.draft("DELETE", "/v2/account/keys/1", "")
	if diff := cmp.Diff(any(key), decoded(t, gone)); gone.StatusCode != http.StatusOK || diff != "" {
		t.Errorf("DELETE key: %d %s", gone.StatusCode, diff)
	}
	if a := c.draft("GET", "/v2/account/keys/1", ""); a.StatusCode != http.StatusNotFound || a.At("id") != "not_found" {
		t.Errorf("an error: %d %s", a.StatusCode, a.Text)
	}
}

func TestDraftViewOfADroplet(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.Regions = []string{"nyc3"} })
	made := c.draft("POST", "/v2/droplets", goodDroplet)
	if made.StatusCode != http.StatusCreated || made.At("id") != 1.0 || !strings.HasSuffix(made.Header.Get("Location"), "/v2/droplets/1") {
		t.Fatalf("POST: %d %v %s", made.StatusCode, made.Header, made.Text)
	}
	c.Wait(1.0)
	release, _ := c.Do("GET", "/v2/droplets/1", "").At("droplet").(object)
	release["region"] = "nyc3"
	release["size"] = object{"slug": "s-1vcpu-256mb", "memory": "256mb", "cpus": 1.0, "disk": "10gb", "transfer": "0.5tb",
		"price_monthly": "2.00", "price_hourly": "0.003"}
	release["image"] = draftImage()
	if diff := cmp.Diff(any(release), decoded(t, c.draft("GET", "/v2/droplets/1", ""))); diff != "" {
		t.Errorf("GET: %s", diff)
	}
	if diff := cmp.Diff(any([]any{release}), decoded(t, c.draft("GET", "/v2/droplets", ""))); diff != "" {
		t.Errorf("list: %s", diff)
	}
	several := c.draft("POST", "/v2/droplets", `{"names":["a","b"],"size":"s-1vcpu-256mb","image":"micro"}`)
	if list, _ := decoded(t, several).([]any); several.StatusCode != http.StatusCreated || len(list) != 2 || firstOf(t, several)["region"] != "nyc3" {
		t.Errorf("several: %d %s", several.StatusCode, several.Text)
	}
	gone := c.draft("DELETE", "/v2/droplets/1", "")
	if diff := cmp.Diff(any(release), decoded(t, gone)); gone.StatusCode != http.StatusOK || diff != "" {
		t.Errorf("DELETE: %d %s", gone.StatusCode, diff)
	}
	if a := c.Do("DELETE", "/v2/droplets/2", ""); a.StatusCode != http.StatusNoContent || a.Text != "" {
		t.Errorf("the release's DELETE: %d %s", a.StatusCode, a.Text)
	}
}

func TestDraftViewOfLists(t *testing.T) {
	c := newClient(t)
	for _, key := range []string{someKey, otherKey} {
		c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"k","public_key":%q}`, key))
	}
	for _, test := range []struct {
		path, wanted string // a Range
		status, n    int
		content      string
		next         string
	}{
		{"/v2/account/keys", "", 200, 2, "id 1..2; max=200", ""},
		{"/v2/account/keys", "id ..; max=1", 206, 1, "id 1..1; max=1", "id ]1..; max=1"},
		{"/v2/account/keys?page=1&per_page=1", "", 200, 1, "id 1..1; max=1", ""},
		{"/v2/account/keys?page=2&per_page=1", "id ..; max=2", 200, 1, "id 2..2; max=1", ""},
	} {
		a := c.draft("GET", test.path, "", "Range", test.wanted)
		list, ok := decoded(t, a).([]any)
		if !ok || a.StatusCode != test.status || len(list) != test.n || a.Header.Get("Content-Range") != test.content || a.Header.Get("Next-Range") != test.next {
			t.Errorf("%s %q: %d %q %q %s", test.path, test.wanted, a.StatusCode, a.Header.Get("Content-Range"), a.Header.Get("Next-Range"), a.Text)
		}
		if a.Header.Get("Accept-Ranges") != "id, fingerprint" || a.Header.Get("Accept-Range") != "id, fingerprint" {
			t.Errorf("%s: %v", test.path, a.Header)
		}
	}
}

func TestAcceptHeaderChoosesTheDraftView(t *testing.T) {
	c := newClient(t)
	for accept, draft := range map[string]bool{
		draftType: true, "application/json, " + draftType + ";q=0.5": true, strings.Replace(draftType, "vnd.digitalocean", "VND.DigitalOcean", 1): true,
		"": false, "*/*": false, "application/json": false, draftType + "x": false, "application/vnd.digitalocean+json": false,
	} {
		a := c.Do("GET", "/v2/account", "", "Accept", accept)
		if _, wrapped := a.JSON["account"]; wrapped == draft {
			t.Errorf("Accept %q: %s", accept, a.Text)
		}
		if !strings.Contains(strings.Join(a.Header.Values("Vary"), ", "), "Accept,") {
			t.Errorf("Vary %q", a.Header.Values("Vary"))
		}
	}
}

func TestDraftParameters(t *testing.T) {
	c := newClient(t)
	for _, key := range []string{someKey, otherKey} {
		c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"k","public_key":%q}`, key))
	}
	form := "application/x-www-form-urlencoded"
	for _, test := range []struct {
		name, contentType, body string
		keys                    int
	}{
		{"all of them", "", `{"name":"a","size_id":"s-1vcpu-256mb","image_id":1,"region_id":"nyc3","key_ids":"1,2"}`, 2},
		{"a form", form, "name=a&size_id=s-1vcpu-256mb&image_id=micro&region_id=nyc3&key_ids=1,2", 2},
		{"v1's keys", form, "name=a&size_id=s-1vcpu-256mb&image_id=micro&region_id=nyc3&ssh_key_ids=1", 1},
		{"both kinds of keys", "", `{"name":"a","size":"s-1vcpu-256mb","image":"micro","region":"nyc3","key_ids":[1],"ssh_keys":[2]}`, 2},
		{"one key twice", "", `{"name":"a","size":"s-1vcpu-256mb","image":"micro","region":"nyc3","key_ids":"1","ssh_keys":[1],"ssh_key_ids":[1]}`, 1},
		{"the release's go before", "", `{"name":"a","size":"s-1vcpu-256mb","size_id":"x","image":"micro","image_id":"x","region":"nyc3","region_id":"x"}`, 0},
	} {
		c.Do("DELETE", "/v2/droplets/1", "")
		a := c.Do("POST", "/v2/droplets", test.body, "Content-Type", test.contentType)
		if a.StatusCode != http.StatusAccepted || a.At("droplet", "size_slug") != "s-1vcpu-256mb" ||
			a.At("droplet", "region", "slug") != "nyc3" || a.At("droplet", "image", "slug") != "micro" {
			t.Errorf("%s: %d %s", test.name, a.StatusCode, a.Text)
			continue
		}
		id := int64(a.At("droplet", "id").(float64))
		d, err := c.Server.Droplets.Get(t.Context(), 1, id)
		if err != nil || len(d.PublicKeys) != test.keys {
			t.Errorf("%s: keys %v, %v", test.name, d.PublicKeys, err)
		}
		c.Do("DELETE", fmt.Sprintf("/v2/droplets/%d", id), "")
	}
}
