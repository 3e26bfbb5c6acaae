package oauth_test

import (
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

func TestPersonalToken(t *testing.T) {
	now := time.Unix(1e9, 0)
	db, err := store.Open(t.Context(), storetest.Source(t), store.WithClock(func() time.Time { return now }))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tokens := oauth.NewTokens(db)
	var text string
	write := func(fn func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Write(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx *store.Tx) error {
		accountID, err := account.First(t.Context(), tx)
		if err != nil {
			return err
		}
		text, err = oauth.CreatePersonal(t.Context(), tx, accountID, "a", oauth.Full)
		return err
	})
	if !regexp.MustCompile(`^dop_v1_[0-9a-f]{64}$`).MatchString(text) {
		t.Errorf("the token is %q", text)
	}
	var kept int
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM tokens WHERE hash = $1 OR name = $2`, []byte(text), text).Scan(&kept); err != nil || kept != 0 {
		t.Errorf("the token's text is kept: %d, %v", kept, err)
	}
	used := func() (at int64) {
		t.Helper()
		if err := db.QueryRow(t.Context(), `SELECT last_used_at FROM tokens`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, step := range []struct {
		after time.Duration
		want  time.Duration // of the last use, since the start
	}{{0, 0}, {30 * time.Second, 0}, {40 * time.Second, 70 * time.Second},
		{-24 * time.Hour, 70*time.Second - 24*time.Hour}, // the clock is set back
		{59 * time.Second, 70*time.Second - 24*time.Hour}, {time.Second, 130*time.Second - 24*time.Hour}} {
		now = now.Add(step.after)
		if _, err := tokens.Authenticate(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		if got, want := used(), time.Unix(1e9, 0).Add(step.want).UnixMicro(); got != want {
			t.Errorf("last used at %d, want %d", got, want)
		}
	}
	write(func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE tokens SET expires_at = $1`, store.Micros(now.Add(time.Second)))
		return err
	})
	if _, err := tokens.Authenticate(t.Context(), text); err != nil {
		t.Errorf("a second before it expires: %v", err)
	}
	now = now.Add(time.Second)
	for _, wrong := range []string{text, text + "0", ""} {
		_, err := tokens.Authenticate(t.Context(), wrong)
		if apierr.KindOf(err) != apierr.KindUnauthorized {
			t.Errorf("expired or wrong: %v", err)
		}
	}
}

// A token that this process revokes is rejected at once, and one that another process
// revokes after Remembered. A missing token is looked up every time.
func TestTheCacheOfTokens(t *testing.T) {
	now := time.Unix(1e9, 0)
	path := storetest.Source(t)
	openDB := func() *store.DB {
		t.Helper()
		db, err := store.Open(t.Context(), path, store.WithClock(func() time.Time { return now }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	here, elsewhere := openDB(), openDB()
	tokens := oauth.NewTokens(here)
	var text string
	write := func(db *store.DB, fn func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Write(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	create := func(tx *store.Tx) error {
		accountID, err := account.First(t.Context(), tx)
		if err != nil {
			return err
		}
		text, err = oauth.CreatePersonal(t.Context(), tx, accountID, "a", oauth.Full)
		return err
	}
	hidden := func(hidden bool) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE tokens SET expires_at = CASE WHEN $1 THEN 1 END`, hidden)
			return err
		}
	}
	write(here, create)
	for _, step := range []struct {
		what  string
		do    func()
		after time.Duration
		good  bool
	}{
		{what: "a new token", good: true},
		{what: "again", good: true},
		{what: "revoked here", do: func() { write(here, hidden(true)) }},
		{what: "given back elsewhere", do: func() { write(elsewhere, hidden(false)) }, after: oauth.Remembered, good: true},
		{what: "revoked elsewhere, just now", do: func() { write(elsewhere, hidden(true)) }, after: oauth.Remembered - time.Microsecond, good: true},
		{what: "revoked elsewhere, and forgotten", after: time.Microsecond},
		{what: "given back", do: func() { write(here, hidden(false)) }, good: true},
		{what: "revoked elsewhere by a clock that is set back", do: func() { write(elsewhere, hidden(true)) }, after: -time.Hour},
	} {
		if step.do != nil {
			step.do()
		}
		now = now.Add(step.after)
		if _, err := tokens.Authenticate(t.Context(), text); (err == nil) != step.good {
			t.Errorf("%s: %v", step.what, err)
		}
	}
	write(elsewhere, func(tx *store.Tx) error { // a token that is not there, and then is
		if err := create(tx); err != nil {
			return err
		}
		if _, err := tokens.Authenticate(t.Context(), text); err == nil {
			t.Error("a token is good before it is committed")
		}
		return nil
	})
	if _, err := tokens.Authenticate(t.Context(), text); err != nil {
		t.Errorf("a token that another process has just made: %v", err)
	}
}

func TestScopes(t *testing.T) {
	for _, test := range []struct {
		scopes []string
		needs  string
		want   bool
	}{
		{[]string{"read", "write"}, "droplet:create", true},
		{[]string{"read"}, "droplet:read", true},
		{[]string{"read"}, "droplet:create", false},
		{[]string{"write"}, "droplet:read", false},
		{[]string{"droplet:read"}, "droplet:read", true},
		{[]string{"droplet:read"}, "image:read", false},
		{[]string{"droplet:read"}, "droplet:delete", false},
		{nil, "droplet:read", false},
	} {
		if got := (oauth.Token{Scopes: test.scopes}).Allows(test.needs); got != test.want {
			t.Errorf("%v allows %s: %v", test.scopes, test.needs, got)
		}
	}
}

// Concurrent requests write the token's time of last use once.
func TestConcurrentUsesAreWrittenOnce(t *testing.T) {
	db, err := store.Open(t.Context(), storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var text string
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		accountID, err := account.First(t.Context(), tx)
		if err != nil {
			return err
		}
		text, err = oauth.CreatePersonal(t.Context(), tx, accountID, "a", oauth.Full)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens := oauth.NewTokens(db)
	before := db.Commits()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := tokens.Authenticate(t.Context(), text); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := db.Commits() - before; n != 1 {
		t.Errorf("%d writes", n)
	}
}
