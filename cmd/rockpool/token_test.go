package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// token creates a token with the command line, while the cloud runs.
func (c *client) newToken(name string) (text string) {
	c.T.Helper()
	err := c.Server.DB.Write(c.T.Context(), func(tx *store.Tx) (err error) {
		text, err = oauth.CreatePersonal(c.T.Context(), tx, 1, name, oauth.Full)
		return err
	})
	if err != nil {
		c.T.Fatal(err)
	}
	return text
}

func (c *client) status(token string) int {
	c.T.Helper()
	return c.Do("GET", "/v2/account", "", "Authorization", "Bearer "+token).StatusCode
}

// After the command has ended, the running cloud rejects the token, also if
// it accepted the token just before.
func TestRevokedTokenIsRejectedAtOnce(t *testing.T) {
	c := newClient(t)
	text := c.newToken("laptop")
	if got := c.status(text); got != 200 {
		t.Fatalf("the new token: %d", got)
	}
	busy, stopped := make(chan struct{}), make(chan struct{})
	go func() { // keeps the token in the cache
		defer close(stopped)
		for {
			select {
			case <-busy:
				return
			default:
				c.status(text)
			}
		}
	}()
	revoke := tokenRevokeCommand{dataFlag: c.data, Token: "laptop"}
	err := revoke.Run(t.Context())
	got := c.status(text)
	close(busy)
	await.Receive(t, stopped, "the last request with the token")
	if err != nil || got != 401 {
		t.Errorf("just after it was revoked (%v) the token is answered %d", err, got)
	}
	if got := c.status(c.Token); got != 200 {
		t.Errorf("the first token, which nobody revoked: %d", got)
	}
}

func TestRevokeTakesIDsAndNames(t *testing.T) {
	at := time.Unix(1e9, 0)
	tokens := []oauth.Personal{
		{ID: 1, Name: "first", Created: at}, {ID: 2, Name: "twin"}, {ID: 3, Name: "twin"}, {ID: 4, Name: "1"}, {ID: 5, Name: "77"},
	}
	for wanted, id := range map[string]int64{"first": 1, "1": 1, "3": 3, "77": 5, "twin": 0, "": 0, "8": 0, "dop_v1_": 0} {
		if got, err := pickToken(tokens, wanted); got.ID != id || (err == nil) != (id != 0) {
			t.Errorf("%q is token %d, %v; want %d", wanted, got.ID, err, id)
		}
	}
}

// Revoking the first token removes its file. The next start does not create
// it again.
func TestRevokingTheFirstTokenRemovesItsFile(t *testing.T) {
	c := newClient(t)
	other := tokenRevokeCommand{dataFlag: c.data, Token: "other"}
	c.newToken("other")
	if err := other.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.data.where().Token()); err != nil {
		t.Errorf("another token was revoked, and the first one's file has gone: %v", err)
	}
	first := tokenRevokeCommand{dataFlag: c.data, Token: "first"}
	if err := first.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.data.where().MakeFirstToken(t.Context(), c.Server.DB); err != nil { // as the next start does
		t.Fatal(err)
	}
	if _, err := os.Stat(c.data.where().Token()); !os.IsNotExist(err) {
		t.Errorf("the file of the revoked token: %v", err)
	}
	if err := first.Run(t.Context()); err == nil {
		t.Error("the token is revoked a second time")
	}
}

func TestListOfTokens(t *testing.T) {
	c := newClient(t)
	c.newToken("never used")
	revoked := c.newToken("revoked")
	c.status(c.Token)
	if err := (&tokenRevokeCommand{dataFlag: c.data, Token: "revoked"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	tokens, err := oauth.List(t.Context(), c.Server.DB, c.Server.DB.Now())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := printTokens(&out, tokens); err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for line := range strings.Lines(out.String()) {
		var columns []string
		for column := range strings.SplitSeq(line, "  ") {
			if column = strings.TrimSpace(column); column != "" {
				columns = append(columns, column)
			}
		}
		lines = append(lines, columns)
	}
	if len(lines) != 3 || !slices.Equal(lines[0], []string{"ID", "NAME", "SCOPES", "CREATED", "LAST USED"}) {
		t.Fatalf("%q", out.String())
	}
	for i, want := range [][]string{{"1", "first", "read write"}, {"2", "never used", "read write"}} {
		got := lines[i+1]
		if len(got) != 5 || !slices.Equal(got[:3], want) {
			t.Fatalf("%q, want %q", got, want)
		}
		if _, err := time.Parse(time.RFC3339, got[3]); err != nil {
			t.Error(err)
		}
		if _, err := time.Parse(time.RFC3339, got[4]); (err == nil) != (i == 0) || i == 1 && got[4] != "never" {
			t.Errorf("%s was last used %s", got[1], got[4])
		}
	}
	if strings.Contains(out.String(), c.Token) || strings.Contains(out.String(), revoked) || strings.Contains(out.String(), "dop_v1_") {
		t.Errorf("the list shows a token:\n%s", out.String())
	}
}

// Token commands fail without a cloud, and do not create one.
func TestTokenCommandsRequireACloud(t *testing.T) {
	for name, run := range map[string]func(d dataFlag) error{
		"create": func(d dataFlag) error { return (&tokenCreateCommand{dataFlag: d}).Run(t.Context()) },
		"list":   func(d dataFlag) error { return (&tokenListCommand{d}).Run(t.Context()) },
		"revoke": func(d dataFlag) error { return (&tokenRevokeCommand{dataFlag: d, Token: "first"}).Run(t.Context()) },
	} {
		empty := t.TempDir()
		for _, d := range []dataFlag{{Data: filepath.Join(empty, "missing")}, {Data: empty}} {
			if err := run(d); err == nil || !strings.Contains(err.Error(), d.Data) || !strings.Contains(err.Error(), "rockpool serve --data") {
				t.Errorf("%s in %s: %v", name, d.Data, err)
			}
		}
		if made, err := os.ReadDir(empty); err != nil || len(made) > 0 {
			t.Errorf("%s has made %v, %v", name, made, err)
		}
	}
}

// An account gets its first token also if it already has another token.
func TestFirstTokenIsMadeBesideOtherTokens(t *testing.T) {
	data := newData(t)
	db, err := store.Open(t.Context(), data.where().Source())
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error { // the state that a killed start leaves
		_, err := account.First(t.Context(), tx)
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if c := newClient(t, func(s *serveCommand) { s.dataFlag = data }); c.Do("GET", "/v2/account", "").StatusCode != 200 {
		t.Error("the first token is not good")
	}
}
