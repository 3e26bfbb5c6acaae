package contract

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

// multipartBody encodes alternating names and values.
func multipartBody(t *testing.T, pairs ...string) (body, contentType string) {
	t.Helper()
	var text bytes.Buffer
	w := multipart.NewWriter(&text)
	for i := 0; i < len(pairs); i += 2 {
		part, err := w.CreateFormField(pairs[i])
		if pairs[i] == "user_data" || pairs[i] == "public_key" {
			part, err = w.CreateFormFile(pairs[i], "a file")
		}
		if err != nil {
			t.Fatal(err)
		}
		part.Write([]byte(pairs[i+1]))
	}
	w.Close()
	return text.String(), w.FormDataContentType()
}

// Every encoding of the same parameters creates the same droplet.
func TestCreateAcceptsEveryEncoding(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.DropletLimit = 100 })
	for i, key := range []string{someKey, otherKey} {
		if a := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"k","public_key":%q}`, key)); a.At("ssh_key", "id") != float64(i+1) {
			t.Fatal(a.Text)
		}
	}
	const form = "application/x-www-form-urlencoded"
	multi, multiType := multipartBody(t, "name", "web-1", "size", "1gb", "image", "1", "ssh_keys[]", "1", "ssh_keys[]", "2",
		"tags", "a", "tags", "b", "monitoring", "on", "region", "fra1", "user_data", "#!/bin/sh\n# a, b\n")
	for name, send := range map[string]struct{ query, body, contentType string }{
		"JSON":                      {"", `{"name":"web-1","size":"1gb","image":1,"ssh_keys":[1,2],"tags":["a","b"],"monitoring":true,"region":"fra1","user_data":"#!/bin/sh\n# a, b\n"}`, "application/json"},
		"JSON as a form":            {"", `{"name":"web-1","size":"1gb","image":"1","ssh_keys":["1",2.0],"tags":["a","b"],"monitoring":"true","region":"FRA1","user_data":"#!/bin/sh\n# a, b\n"}`, form},
		"form":                      {"", "name=web-1&size=1gb&image=1&ssh_keys[]=1&ssh_keys[]=2&tags[0]=a&tags[1]=b&monitoring=yes&region=fra1&user_data=%23!/bin/sh%0A%23+a,+b%0A", form},
		"form with commas and JSON": {"", "name=web-1&size=1gb&image=1&ssh_keys=1,2&tags=[\"a\",\"b\"]&monitoring=1&region=fra1&user_data=%23!/bin/sh%0A%23+a,+b%0A", form},
		"multipart":                 {"", multi, multiType},
		"query":                     {"?name=web-1&size=1gb&image=1&ssh_keys=1&ssh_keys=2&tags=a,b&monitoring=true&region=fra1&user_data=%23!/bin/sh%0A%23+a,+b%0A", "", ""},
		"body before query":         {"?name=other&size=2gb&region=fra1", `{"name":"web-1","size":"1gb","image":1,"ssh_keys":"1,2","tags":["a","b"],"monitoring":true,"backups":null,"user_data":"#!/bin/sh\n# a, b\n"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.Do("POST", "/v2/droplets"+send.query, send.body, "Content-Type", send.contentType)
			if a.StatusCode != http.StatusAccepted {
				t.Fatalf("%d %s", a.StatusCode, a.Text)
			}
			guest, err := c.Server.Droplets.Guest(t.Context(), int64(a.At("droplet", "id").(float64)))
			if err != nil {
				t.Fatal(err)
			}
			d := guest.Droplet
			got := map[string]any{"name": d.Name, "size": d.Size, "image": *d.Image.Slug, "region": d.Region, "tags": d.Tags,
				"features": d.Features, "keys": d.PublicKeys, "user_data": guest.UserData}
			want := map[string]any{"name": "web-1", "size": "1gb", "image": "micro", "region": "fra1", "tags": []string{"a", "b"},
				"features": []string{"simulated", "monitoring"}, "keys": []string{someKey, otherKey}, "user_data": "#!/bin/sh\n# a, b\n"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if a := c.Do("DELETE", fmt.Sprintf("/v2/droplets/%d", d.ID), ""); a.StatusCode != http.StatusNoContent {
				t.Errorf("delete: %d", a.StatusCode)
			}
		})
	}
}

func TestThreeWaysToAuthenticate(t *testing.T) {
	c := newClient(t)
	request := func(path string, change func(*http.Request)) int {
		r, err := http.NewRequest("GET", c.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	for _, path := range []string{"/", "/v2", "/v2/", "/v2/account"} {
		for _, test := range []struct {
			name, query string
			change      func(*http.Request)
			want        int
		}{
			{"bearer", "", header("BEARER " + c.Token), 200},
			{"basic with x", "", func(r *http.Request) { r.SetBasicAuth(c.Token, "x") }, 200},
			{"basic without a password", "", func(r *http.Request) { r.SetBasicAuth(c.Token, "") }, 200},
			{"query", "?access_token=" + c.Token, func(*http.Request) {}, 200},
			{"nothing", "", func(*http.Request) {}, 401},
			{"a wrong query", "?access_token=x", func(*http.Request) {}, 401},
			{"a wrong header beside a right query", "?access_token=" + c.Token, header("Bearer x"), 401},
			{"an unknown scheme beside a right query", "?access_token=" + c.Token, header("Digest x"), 401},
			{"an empty header beside a right query", "?access_token=" + c.Token, header(""), 401},
			{"basic with the token as password", "", func(r *http.Request) { r.SetBasicAuth("x", c.Token) }, 401},
		} {
			if got := request(path+test.query, test.change); got != test.want {
				t.Errorf("GET %s with %s: %d, want %d", path, test.name, got, test.want)
			}
		}
	}
}

func TestCORS(t *testing.T) {
	c := newClient(t)
	const origin = "https://app.example.com"
	for _, path := range []string{"/v2/droplets", "/v2/nothing"} {
		a := c.Do("OPTIONS", path, "", "Authorization", "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if a.StatusCode != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Origin") != origin ||
			lacks(a, "Access-Control-Allow-Headers", "Authorization", "Http-Method-Override", "If-None-Match", "Pragma") != "" ||
			!strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "PATCH") || a.Header.Get("Access-Control-Max-Age") != "86400" {
			t.Errorf("preflight of %s: %d %v", path, a.StatusCode, a.Header)
		}
	}
	for _, path := range []string{"/v2/account", "/v2/nothing"} { // scripts can also read errors
		a := c.Do("GET", path, "", "Origin", origin)
		if missing := lacks(a, "Access-Control-Expose-Headers", "Next-Range", "Accept-Range", "Allow", "WWW-Authenticate",
			"Preference-Applied", "Idempotency-Replayed"); a.Header.Get("Access-Control-Allow-Origin") != origin || missing != "" {
			t.Errorf("GET %s: %v lacks %s", path, a.Header, missing)
		}
	}
	// No origin may use credentials that a browser adds by itself. A script
	// must send a token to read a response.
	for _, method := range []string{"OPTIONS", "GET", "POST", "DELETE"} {
		for _, origin := range []string{origin, "null", c.URL} {
			if a := c.Do(method, "/v2/account", "", "Origin", origin); len(a.Header.Values("Access-Control-Allow-Credentials")) > 0 {
				t.Errorf("%s from %s: %v", method, origin, a.Header)
			}
		}
	}
	if a := c.Do("GET", "/v2/account", ""); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without an origin: %v", a.Header)
	}
}

// lacks returns the first name that is not in the list of a header; empty if
// the list has all.
func lacks(a answer, header string, names ...string) string {
	held := strings.Split(a.Header.Get(header), ", ")
	for _, name := range names {
		if !slices.Contains(held, name) {
			return name
		}
	}
	return ""
}

func TestMethodOverride(t *testing.T) {
	c := newClient(t)
	if a := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"k","public_key":%q}`, someKey)); a.StatusCode != http.StatusCreated {
		t.Fatal(a.Text)
	}
	const header, old = "X-Http-Method-Override", "Http-Method-Override"
	if a := c.Do("POST", "/v2/account/keys/1", `{"name":"new"}`, header, "patch"); a.StatusCode != 200 || a.At("ssh_key", "name") != "new" {
		t.Errorf("PATCH: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("POST", "/v2/account/keys/1", "name=newer", old, "PUT", "Content-Type", "application/x-www-form-urlencoded"); a.At("ssh_key", "name") != "newer" {
		t.Errorf("PUT by the old header: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("POST", "/v2/images", `{"private":true}`, header, "GET"); a.StatusCode != 200 || a.At("meta", "total") != 0.0 {
		t.Errorf("GET with a filter in its body: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("POST", "/v2/account", "", header, "HEAD"); a.StatusCode != 200 || a.Text != "" {
		t.Errorf("HEAD: %d %q", a.StatusCode, a.Text)
	}
	if a := c.Do("GET", "/v2/account/keys/1", "", header, "DELETE"); a.StatusCode != 200 {
		t.Errorf("on a GET the header must mean nothing: %d", a.StatusCode)
	}
	for _, wrong := range []string{"BREW", "TRACE", "CONNECT", "GET, PUT"} {
		if a := c.Do("POST", "/v2/account/keys/1", "", header, wrong); a.StatusCode != 400 || a.JSON["id"] != "bad_request" {
			t.Errorf("%s: %d %s", wrong, a.StatusCode, a.Text)
		}
	}
	if a := c.Do("POST", "/v2/account/keys/1", "", header, "DELETE"); a.StatusCode != http.StatusNoContent {
		t.Errorf("DELETE: %d %s", a.StatusCode, a.Text)
	}
}
