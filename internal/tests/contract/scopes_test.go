package contract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// scoped returns a client whose token has only those scopes.
func (c *client) scoped(scopes string) *client {
	c.T.Helper()
	other := *c
	err := c.Server.DB.Write(c.T.Context(), func(tx *store.Tx) (err error) {
		other.Token, err = oauth.CreatePersonal(c.T.Context(), tx, 1, scopes, scopes)
		return err
	})
	if err != nil {
		c.T.Fatal(err)
	}
	return &other
}

// A token can do what its scopes allow. Records are parts of a domain, so the
// scope to update a domain allows creating and deleting them. The error names
// the missing scopes.
func TestScopes(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	const record = `{"type":"A","name":"www","data":"192.0.2.1"}`
	for _, test := range []struct{ scopes, create, update, remove string }{
		{"domain:update", "201", "200", "204"},
		{"domain:create", "201", "403 domain:update", "403 domain:delete or domain:update"},
		{"domain:delete", "403 domain:create or domain:update", "403 domain:update", "204"},
		{"domain:read", "403 domain:create or domain:update", "403 domain:update", "403 domain:delete or domain:update"},
		{"read", "403 domain:create or domain:update", "403 domain:update", "403 domain:delete or domain:update"},
		{"write", "201", "200", "204"},
		{"", "403 domain:create or domain:update", "403 domain:update", "403 domain:delete or domain:update"},
	} {
		scoped := c.scoped(test.scopes)
		expect := func(what, want, method, path, body string) {
			t.Helper()
			a := scoped.Do(method, path, body)
			got := fmt.Sprint(a.StatusCode)
			if a.StatusCode == 403 {
				got += strings.TrimPrefix(fmt.Sprint(a.At("errors", 0, "message")), "The token needs the scope")
				if a.JSON["message"] != "Request not authorized, provided credentials do not provide access to specified resource" || a.At("errors", 0, "field") != "scope" {
					t.Errorf("%q, %s: %s", test.scopes, what, a.Text)
				}
			}
			if got != want {
				t.Errorf("%q, %s: %s, want %s", test.scopes, what, got, want)
			}
		}
		path := fmt.Sprint("/v2/domains/example.com/records/", c.record("example.com", `{"type":"A","name":"there","data":"192.0.2.2"}`))
		expect("create", test.create, "POST", "/v2/domains/example.com/records", record)
		expect("update", test.update, "PATCH", path, `{"ttl":60}`)
		expect("delete", test.remove, "DELETE", path, "")
		expect("delete the domain", map[bool]string{true: "404", false: "403 domain:delete"}[test.scopes == "domain:delete" || test.scopes == "write"],
			"DELETE", "/v2/domains/example.net", "")
		c.Do("PATCH", "/v2/domains/example.com", `{"zone_file":""}`)
	}
}
