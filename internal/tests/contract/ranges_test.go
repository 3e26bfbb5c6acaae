package contract

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
)

// addKeys adds that many different keys.
func (c *client) addKeys(n int) {
	c.T.Helper()
	for i := range n {
		// A key in the form of RFC 8709: two strings, each after its length.
		blob := append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), make([]byte, ed25519.PublicKeySize)...)
		blob[len(blob)-1], blob[len(blob)-2] = byte(i), byte(i>>8)
		line := "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob)
		if a := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"k%d","public_key":%q}`, i+1, line)); a.StatusCode != http.StatusCreated {
			c.T.Fatal(a.Text)
		}
	}
}

func TestRangesOverHTTP(t *testing.T) {
	c := newClient(t)
	c.addKeys(25)
	for _, test := range []struct {
		query, rangeHeader  string
		status, items       int
		content, next, prev string
	}{
		{"", "id ..; max=10;", 206, 10, "id 1..10; max=10", "id ]10..; max=10", ""},
		{"", "id ]10..; max=10", 206, 10, "id 11..20; max=10", "id ]20..; max=10", "id 1..10; max=10"},
		{"", "id ]20..; max=10", 206, 5, "id 21..25; max=10", "", "id 11..20; max=10"},
		{"", "id ..0", 206, 0, "id ..; max=200", "id ]0..; max=200", ""},
		{"", "id ..; max=1000", 200, 25, "id 1..25; max=1000", "", ""},
		{"", "", 200, 25, "id 1..25; max=200", "", ""},
		{"", "bytes=0-99", 200, 25, "id 1..25; max=200", "", ""},
		{"?per_page=10", "", 200, 10, "id 1..10; max=10", "", ""},
		{"?per_page=10", "id ]20..; max=1", 200, 10, "id 1..10; max=10", "", ""},
		{"?per_page=99999999999999999999", "", 200, 25, "id 1..25; max=200", "", ""},
		{"?page=3&per_page=10", "nonsense", 200, 5, "id 21..25; max=10", "", ""},
	} {
		a := c.Do("GET", "/v2/account/keys"+test.query, "", "Range", test.rangeHeader)
		got := fmt.Sprint(a.StatusCode, len(a.At("ssh_keys").([]any)), a.Header.Get("Content-Range"), a.Header.Get("Next-Range"), a.Header.Get("Prev-Range"))
		want := fmt.Sprint(test.status, test.items, test.content, test.next, test.prev)
		if got != want || a.At("meta", "total") != 25.0 || a.At("links") == nil {
			t.Errorf("%q, Range %q: got %s, want %s", test.query, test.rangeHeader, got, want)
		}
		for _, header := range []string{"Accept-Ranges", "Accept-Range"} {
			if got := a.Header.Get(header); got != "id, fingerprint" {
				t.Errorf("%s %q", header, got)
			}
		}
		head := c.Do("HEAD", "/v2/account/keys"+test.query, "", "Range", test.rangeHeader)
		if head.StatusCode != a.StatusCode || head.Header.Get("Next-Range") != a.Header.Get("Next-Range") {
			t.Errorf("HEAD %q, Range %q: %d %v", test.query, test.rangeHeader, head.StatusCode, head.Header)
		}
	}
	for _, header := range []string{"name ..", "id ..; max=0", "id x..", "id 5..1", "garbage in"} {
		a := c.Do("GET", "/v2/account/keys", "", "Range", header)
		if a.StatusCode != 416 || a.JSON["id"] != "requested_range_not_satisfiable" || a.Header.Get("Accept-Ranges") != "id, fingerprint" {
			t.Errorf("Range %q: %d %s %v", header, a.StatusCode, a.Text, a.Header)
		}
	}
	if a := c.Do("GET", "/v2/account", "", "Range", "id x.."); a.StatusCode != 200 {
		t.Errorf("a range means nothing where there is no list: %d", a.StatusCode)
	}
}

// The parameters of a page may also be in the body.
func TestPagesInBodies(t *testing.T) {
	c := newClient(t)
	c.addKeys(5)
	for _, test := range []struct{ method, query, body, contentType string }{
		{"GET", "", `{"page":2,"per_page":2}`, "application/json"},
		{"GET", "?per_page=1", `{"page":"2","per_page":2,"unknown":1}`, "application/json"},
		{"POST", "", "page=2&per_page=2", "application/x-www-form-urlencoded"},
		{"POST", "?page=1&per_page=2", `{"page":2}`, ""},
	} {
		a := c.Do(test.method, "/v2/account/keys"+test.query, test.body, "Content-Type", test.contentType, "X-Http-Method-Override", "GET")
		next := c.URL + "/v2/account/keys?page=3&per_page=2"
		if a.StatusCode != 200 || a.Header.Get("Content-Range") != "id 3..4; max=2" || a.At("links", "pages", "next") != next {
			t.Errorf("%s %s %s: %d %s %s", test.method, test.query, test.body, a.StatusCode, a.Header.Get("Content-Range"), a.Text)
		}
	}
}

func TestALongListWithoutAPageIsTruncated(t *testing.T) {
	c := newClient(t)
	c.addKeys(205)
	a := c.Do("GET", "/v2/account/keys", "")
	next := c.URL + "/v2/account/keys?page=2&per_page=200"
	if a.StatusCode != 206 || a.Header.Get("Next-Range") != "id ]200..; max=200" || a.At("links", "pages", "next") != next {
		t.Errorf("%d %v %v", a.StatusCode, a.Header, a.At("links"))
	}
	if rest := c.Do("GET", "/v2/account/keys?page=2&per_page=200", ""); rest.StatusCode != 200 || len(rest.At("ssh_keys").([]any)) != 5 {
		t.Errorf("the next page: %d %s", rest.StatusCode, rest.Text)
	}
}

func TestActionsAreNewestFirstUnlessARangeIsAskedFor(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	c.Wait(c.Do("POST", "/v2/droplets/1/actions", `{"type":"power_off"}`).At("action", "id"))
	for query, want := range map[string]any{"": 2.0, "?page=1": 2.0} {
		if got := c.Do("GET", "/v2/actions"+query, "").At("actions", 0, "id"); got != want {
			t.Errorf("%q: the first is %v, want %v", query, got, want)
		}
	}
	if got := c.Do("GET", "/v2/droplets/1/actions", "", "Range", "id ..").At("actions", 0, "id"); got != 1.0 {
		t.Errorf("by range the first is %v, want 1", got)
	}
	if got := c.Do("GET", "/v2/sizes", "", "Range", "id ..; max=1").At("sizes", 0, "slug"); got != "16gb" {
		t.Errorf("sizes by slug begin with %v", got)
	}
}
