package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The modules of Ansible send null as JSON with every request without
// parameters, and send power_on after every create.
func TestNullBodyCountsAsNoBody(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	for _, body := range []string{"null", " null\n", "  ", "\ufeffnull"} {
		for _, path := range []string{"/v2/account", "/v2/droplets", "/v2/droplets/1", "/v2/images?private=true", "/v2/account/keys?per_page=1"} {
			if a := c.Do("GET", path, body); a.StatusCode != http.StatusOK {
				t.Errorf("GET %s with the body %q: %d %s", path, body, a.StatusCode, a.Text)
			}
		}
		if a := c.Do("POST", "/v2/droplets", body); a.StatusCode != http.StatusUnprocessableEntity || a.At("message") != "Image can't be blank" {
			t.Errorf("POST of %q: %d %s", body, a.StatusCode, a.Text)
		}
	}
	if a := c.Do("DELETE", "/v2/droplets/1", "null"); a.StatusCode != http.StatusNoContent {
		t.Errorf("DELETE with the body null: %d %s", a.StatusCode, a.Text)
	}
}

func TestPowerOnOfARunningDroplet(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	a := c.Do("POST", "/v2/droplets/1/actions", `{"type":"power_on"}`)
	if a.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", a.StatusCode, a.Text)
	}
	if ended := c.Wait(a.At("action", "id")); ended.Status != "completed" {
		t.Errorf("it ended %s: %s", ended.Status, ended.Reason)
	}
	if d := c.Do("GET", "/v2/droplets/1", ""); d.At("droplet", "status") != "active" || d.At("droplet", "locked") != false {
		t.Errorf("afterwards: %s", d.Text)
	}
}

// An empty filter is ignored. The test covers every filter of every list of
// the schema.
func TestEmptyFiltersAreIgnored(t *testing.T) {
	c := newClient(t)
	c.Create(with(`"tags":["web"]`))
	c.addKeys(1)
	c.domain("example.com")
	identities := strings.NewReplacer("{droplet}", "1", "{domain}", "example.com")
	lists := 0
	for _, link := range c.Server.Schema.Links {
		if !link.Lists() {
			continue
		}
		path := "/v2" + identities.Replace(link.Path)
		all := c.Do("GET", path, "")
		if all.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", path, all.StatusCode, all.Text)
		}
		lists++
		names := link.ParameterNames()
		for _, query := range append(slices.Clone(names), strings.Join(names, "=&")) {
			if a := c.Do("GET", path+"?"+query+"=", ""); a.StatusCode != http.StatusOK || fmt.Sprint(a.JSON) != fmt.Sprint(all.JSON) {
				t.Errorf("%s?%s=: %d %s", path, query, a.StatusCode, a.Text)
			}
			form := c.Do("POST", path, query+"=", "Content-Type", "application/x-www-form-urlencoded", "X-Http-Method-Override", "GET")
			if form.StatusCode != http.StatusOK || fmt.Sprint(form.JSON) != fmt.Sprint(all.JSON) {
				t.Errorf("%s with %s= in a form: %d %s", path, query, form.StatusCode, form.Text)
			}
		}
	}
	if lists < 9 {
		t.Errorf("only %d lists", lists)
	}
	if a := c.Do("GET", "/v2/images?type=&name=nosuch", ""); a.At("meta", "total") != 0.0 {
		t.Errorf("an empty filter beside another: %s", a.Text)
	}
}

// No account can change a public image. The error is not 404, because the
// image exists.
func TestPublicImagesCannotBeChanged(t *testing.T) {
	c := newClient(t)
	before := c.Do("GET", "/v2/images/micro", "")
	id := fmt.Sprint(before.At("image", "id"))
	for _, identity := range []string{"micro", id} {
		for _, method := range []string{"PUT", "PATCH", "DELETE"} {
			body := map[bool]string{true: `{"name":"mine"}`, false: ""}[method != "DELETE"]
			if a := c.Do(method, "/v2/images/"+identity, body); a.StatusCode != http.StatusForbidden || a.At("id") != "forbidden" {
				t.Errorf("%s: %d %s", method, a.StatusCode, a.Text)
			}
		}
	}
	if after := c.Do("GET", "/v2/images/micro", ""); after.Text != before.Text {
		t.Errorf("it became %s", after.Text)
	}
}

func TestTagsIgnoreCase(t *testing.T) {
	c := newClient(t)
	for tags, want := range map[string]string{
		`["Web","web","WEB"]`: "[Web]", `["b","A","a","B","c"]`: "[b A c]", `"x,X,y"`: "[x y]", `[]`: "[]",
	} {
		a := c.Do("POST", "/v2/droplets", with(`"tags":`+tags), "Prefer", "wait=10")
		if got := fmt.Sprint(a.At("droplet", "tags")); got != want {
			t.Errorf("%s: %s, want %s", tags, got, want)
		}
	}
}
