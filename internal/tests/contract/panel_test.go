package contract

import (
	"net/http"
	"strings"
	"testing"
)

// A browser that opens the root is redirected to the panel. A request with a
// token, or of an API client, gets the root of the API.
func TestBrowserGetsThePanelAtTheRoot(t *testing.T) {
	c := newClient(t)
	const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for _, test := range []struct {
		name, method, path string
		headers            []string
		status             int
	}{
		{"browser", "GET", "/", []string{"Accept", html}, 303},
		{"browser's HEAD", "HEAD", "/", []string{"Accept", html}, 303},
		{"browser with a token", "GET", "/?access_token=" + c.Token, []string{"Accept", html}, 200},
		{"browser with a bad token", "GET", "/?access_token=x", []string{"Accept", html}, 401},
		{"Bearer", "GET", "/", []string{"Accept", html, "Authorization", "Bearer " + c.Token}, 200},
		{"bad Bearer", "GET", "/", []string{"Accept", html, "Authorization", "Bearer x"}, 401},
		{"curl", "GET", "/", []string{"Accept", "*/*"}, 401},
		{"JSON client", "GET", "/", []string{"Accept", "application/json"}, 401},
		{"no Accept", "GET", "/", nil, 401},
		{"form", "GET", "/", []string{"Accept", html, "Content-Type", "application/x-www-form-urlencoded"}, 401},
		{"POST", "POST", "/", []string{"Accept", html}, 405},
		{"another path", "GET", "/v2", []string{"Accept", html}, 401},
	} {
		request, err := http.NewRequest(test.method, c.URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(test.headers); i += 2 {
			request.Header.Set(test.headers[i], test.headers[i+1])
		}
		response, err := c.HTTP.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.status || test.status == 303 && response.Header.Get("Location") != "/panel" {
			t.Errorf("%s: %s to %q, want %d", test.name, response.Status, response.Header.Get("Location"), test.status)
		}
	}
	page := c.Do("GET", "/panel", "", "Authorization", "")
	if page.StatusCode != 200 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") || strings.Contains(page.Text, c.Token) {
		t.Errorf("the panel: %s\n%s", page.Status, page.Text)
	}
}
