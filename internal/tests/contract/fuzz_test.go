package contract

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// bound is how long a request may take that does not wait for a machine.
const bound = 5 * time.Second

// serve passes the text of a request to the whole handler, as the HTTP server
// does. It returns false for a request that the HTTP server rejects itself.
func (c *client) serve(t *testing.T, text string) (answer, bool) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(c.wire(text))))
	if err != nil {
		return answer{}, false
	}
	w := httptest.NewRecorder()
	began := time.Now()
	c.Server.Handler.ServeHTTP(w, r)
	if took := time.Since(began); took > bound {
		t.Errorf("it took %s", took)
	}
	a := answer{Response: w.Result(), Text: w.Body.String()}
	json.Unmarshal(w.Body.Bytes(), &a.JSON)
	c.checkAnswer(t, a)
	return a, true
}

// checkAnswer fails the test for a response that no client may get.
func (c *client) checkAnswer(t *testing.T, a answer) {
	t.Helper()
	if a.StatusCode >= 500 || a.StatusCode < 200 {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	if a.StatusCode >= 400 {
		checkRefusal(t, a)
	}
	contentType := a.Header.Get("Content-Type")
	if strings.Contains(contentType, "json") && a.Text != "" && (a.JSON == nil || !utf8.ValidString(a.Text)) {
		t.Errorf("no JSON object: %q", a.Text)
	}
	for name, values := range a.Header {
		for _, value := range values {
			if strings.Contains(value, c.Token) {
				t.Errorf("the token is in the header %s", name)
			}
		}
	}
	if strings.Contains(a.Text, c.Token) {
		t.Errorf("the token is in the answer: %s", a.Text)
	}
}

// hostileCloud starts a cloud with a key and a droplet. All requests of a
// fuzz test share it.
func hostileCloud(t testing.TB) *client {
	t.Helper()
	c := newClient(t)
	c.addKeys(1)
	c.Create(goodDroplet)
	return c
}

// FuzzRequest sends any method, target, headers and body: without a token,
// with a token in the header, and with a token in the query.
func FuzzRequest(f *testing.F) {
	for _, seed := range []struct{ method, target, headers, body string }{
		{"GET", "/", "", ""},
		{"GET", "/v2/droplets?page=2&per_page=1&name=web-1", "Range: id ..\r\nOrigin: http://a\r\n", ""},
		{"HEAD", "/v2/account/keys/1/", "Range: id ]1..2[; max=1,order=desc\r\n", ""},
		{"POST", "/v2/droplets", asJSON, `{"name":"a","size":"1gb","image":1,"ssh_keys":[1]}`},
		{"POST", "/v2/account/keys/1", asForm + "X-Http-Method-Override: PATCH\r\n", "name=b&name[]=c"},
		{"PATCH", "/v2/account/keys/3b:16", asPart, part("name", "a") + "--x--"},
		{"PUT", "/v2/account/keys/%31", "Content-Encoding: gzip\r\n", "{}"},
		{"DELETE", "/v2/droplets/99", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"},
		{"POST", "/v2/droplets/1/actions", "Content-Type: text/plain; charset\r\nContent-Type: a/b\r\n", `{"type":"power_cycle"}`},
		{"OPTIONS", "*", "Access-Control-Request-Method: BREW\r\n", ""},
		{"POST", "/v2/images/micro?access_token=x", asForm + "Http-Method-Override: GET\r\n", "access_token=y"},
		{"GET", "/v2/schema", "If-None-Match: *\r\nX-Forwarded-Proto: https\r\n", ""},
		{"GET", "/v2/droplets/1/actions/1?a=%zz&page=%00", "Authorization: Basic eDp5\r\n", ""},
		{"CONNECT", "/panel/../v2//sizes;a=1?%2F", "Accept: application/vnd.digitalocean.draft+json\r\n", ""},
		{"get", "/v2/actions?page=NaN&per_page=99999999999999999999", "Host: \x80\r\nRange: \x80 ..\r\n", ""},
	} {
		for credentials := range uint8(3) {
			f.Add(credentials, seed.method, seed.target, seed.headers, seed.body)
		}
	}
	c := hostileCloud(f)
	f.Fuzz(func(t *testing.T, credentials uint8, method, target, headers, body string) {
		if strings.Contains(method+target+headers+body, "TOKEN") {
			return
		}
		text := send(method, target, headers, body)
		switch credentials % 3 {
		case 0:
			text = strings.Replace(text, "Authorization: Bearer TOKEN\r\n", "", 1)
		case 1:
			path, query, _ := strings.Cut(target, "?")
			text = strings.Replace(send(method, path+"?access_token=TOKEN&"+query, headers, body), "Authorization: Bearer TOKEN\r\n", "", 1)
		}
		a, ok := c.serve(t, text)
		open := []string{"/v2/schema", "/v2/schema/", "/panel"}
		if ok && credentials%3 == 0 && a.StatusCode < 400 && a.StatusCode != http.StatusNoContent && a.Header.Get("Location") != "/panel" && !slices.ContainsFunc(open, func(path string) bool { return strings.Contains(target, path) }) {
			t.Errorf("without credentials: %d %s", a.StatusCode, a.Text)
		}
		if ok && credentials%3 == 0 && a.StatusCode == http.StatusNoContent && !strings.EqualFold(method, http.MethodOptions) {
			t.Errorf("without credentials something was deleted")
		}
	})
}

// FuzzBody sends any query and body to each operation of the schema, with
// every content type that a body may have.
func FuzzBody(f *testing.F) {
	c := hostileCloud(f)
	links := c.links()
	types := []string{asJSON, asForm, asPart, ""}
	for i := range links {
		f.Add(uint(i), uint8(0), "", `{"name":"a","names":["a"],"size":"1gb","image":"micro","ssh_keys":[1,"x"],"tags":["a"],"user_data":"#!","type":"reboot"}`)
		f.Add(uint(i), uint8(0), "page=1", `{"name":null,"image":1e30,"size":{},"type":["user"],"tags":"a,b","ipv6":"on","volumes":[[]],"backup_policy":{"hour":1e9}}`)
		f.Add(uint(i), uint8(1), "tag_name=a", "name=a&size=1gb&image=1&ssh_keys[]=1&ssh_keys[]=x&tags=[\"a\"]&type=user&private=1&public_key=ssh-rsa+AAAA")
		f.Add(uint(i), uint8(2), "", part("name", "a")+part("backup_policy[plan]", "weekly")+part("image", "\x00")+"--x--")
		f.Add(uint(i), uint8(3), "name=a&type=gpus&per_page=1", "{}")
	}
	f.Fuzz(func(t *testing.T, link uint, kind uint8, query, body string) {
		if strings.Contains(query+body, "TOKEN") {
			return
		}
		method, path, _ := strings.Cut(links[link%uint(len(links))], " ")
		if method == http.MethodDelete {
			path += "0" // the other requests need their objects
		}
		c.serve(t, send(method, path+"?"+query, types[int(kind)%len(types)], body))
	})
}

// links returns the operations of the schema, as "METHOD /path". Their paths
// name the first object of each resource.
func (c *client) links() []string {
	c.T.Helper()
	var links []string
	for _, definition := range c.Do("GET", "/v2/schema", "").At("definitions").(map[string]any) {
		for _, raw := range definition.(map[string]any)["links"].([]any) {
			link := raw.(map[string]any)
			links = append(links, link["method"].(string)+" /v2"+hrefOfFirst(link["href"].(string)))
		}
	}
	slices.Sort(links)
	return links
}
