package contract

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// public are the routes without a token: documents that describe the API.
var public = []string{"GET /v2/schema", "GET /v2/openapi.json", "GET /v2/docs", "GET /panel"}

// anyToken are the routes that accept every valid token.
var anyToken = []string{"GET /", "GET /v2", "GET /metrics"}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// addressed returns the path of a link with a number for each identity.
func addressed(link *schema.Link) string { return "/v2" + variable.ReplaceAllString(link.Path, "1") }

// lacksScopes returns the scopes that the token lacks according to the
// response; empty if the response names none.
func lacksScopes(a answer) string {
	if a.StatusCode != http.StatusForbidden || a.At("errors", 0, "field") != "scope" {
		return ""
	}
	return strings.TrimPrefix(fmt.Sprint(a.At("errors", 0, "message")), "The token needs the scope ")
}

// bare sends a request without the header Authorization.
func (c *client) bare(method, path string) answer {
	c.T.Helper()
	other := *c
	other.HTTP = roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Del("Authorization")
		return c.HTTP.RoundTrip(r)
	})
	return other.Do(method, path, "")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// testdata/scopes.txt has the scopes that each route requires, so that every
// change of them shows in a diff. This command updates it:
// go test ./internal/tests/contract -run TestScopesOfRoutes -update
func TestScopesOfRoutes(t *testing.T) {
	c := newClient(t)
	nothing := c.scoped("")
	var table strings.Builder
	for _, link := range c.Server.Schema.Links {
		needed := lacksScopes(nothing.Do(link.Method, addressed(link), ""))
		fmt.Fprintf(&table, "%-6s %-42s %s\n", link.Method, link.Path, needed)
	}
	path := filepath.Join("testdata", "scopes.txt")
	if *update {
		if err := os.WriteFile(path, []byte(table.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), table.String()); diff != "" {
		t.Errorf("the scopes have changed (-was +is):\n%s", diff)
	}
}

// A token with read scopes changes nothing on any route. A token with the
// scopes of another resource can do nothing.
func TestScopesAreEnforcedOnEveryRoute(t *testing.T) {
	c := newClient(t)
	read, write, other := c.scoped("read"), c.scoped("write"), c.scoped("nothing:read nothing:create nothing:update nothing:delete")
	fine := map[string]*client{}
	for _, link := range c.Server.Schema.Links {
		path, route := addressed(link), link.Route()
		gets := link.Method == http.MethodGet
		if lacks := lacksScopes(read.Do(link.Method, path, "")); (lacks == "") != gets {
			t.Errorf("%s with the scope read: it lacks %q", route, lacks)
		}
		if lacks := lacksScopes(write.Do(link.Method, path, "")); (lacks == "") == gets {
			t.Errorf("%s with the scope write: it lacks %q", route, lacks)
		}
		if lacksScopes(other.Do(link.Method, path, "")) == "" {
			t.Errorf("%s with scopes of something else is not refused", route)
		}
		for _, scope := range link.Scopes {
			if fine[scope] == nil {
				fine[scope] = c.scoped(scope)
			}
			if lacks := lacksScopes(fine[scope].Do(link.Method, path, "")); lacks != "" {
				t.Errorf("%s with the scope %s: it lacks %q", route, scope, lacks)
			}
		}
	}
}

// Every route requires a valid token, except for the public ones.
func TestEveryRouteRequiresAToken(t *testing.T) {
	c := newClient(t)
	revoked := c.scoped("read write")
	if a := revoked.Do("GET", "/v2/account", ""); a.StatusCode != http.StatusOK {
		t.Fatalf("before it is revoked: %d %s", a.StatusCode, a.Text)
	}
	err := c.Server.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM tokens WHERE name = 'read write'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	routes := append([]string{}, anyToken...)
	for _, link := range c.Server.Schema.Links {
		routes = append(routes, link.Method+" "+addressed(link))
	}
	unknown := "dop_v1_" + strings.Repeat("0", 64)
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		for what, headers := range map[string][]string{
			"no token":         {"Authorization", ""},
			"an unknown token": {"Authorization", "Bearer " + unknown},
			"a revoked token":  {"Authorization", "Bearer " + revoked.Token},
			"a revoked user":   {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(revoked.Token+":x"))},
			"another scheme":   {"Authorization", "Digest " + c.Token},
		} {
			if a := c.Do(method, path, "", headers...); a.StatusCode != http.StatusUnauthorized || a.At("id") != "unauthorized" || a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s with %s: %d %s", route, what, a.StatusCode, a.Text)
			}
		}
		if a := c.bare(method, path); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s with nothing: %d %s", route, a.StatusCode, a.Text)
		}
		if a := c.bare(method, path+"?access_token="+revoked.Token); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s with a revoked token in its query: %d %s", route, a.StatusCode, a.Text)
		}
	}
	for _, route := range anyToken {
		method, path, _ := strings.Cut(route, " ")
		if a := c.scoped("").Do(method, path, ""); a.StatusCode != http.StatusOK {
			t.Errorf("%s with a token of no scope: %d %s", route, a.StatusCode, a.Text)
		}
	}
	for _, route := range public {
		method, path, _ := strings.Cut(route, " ")
		if a := c.Do(method, path, "", "Authorization", ""); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", route, a.StatusCode, a.Text)
		}
	}
}
