package oauth_test

import (
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// Two accounts may have tokens of the same name.
func TestTokenNamesAreScopedToAnAccount(t *testing.T) {
	db, err := store.Open(t.Context(), storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		var accounts [2]int64
		for i, uuid := range []string{"a", "b"} {
			if accounts[i], err = tx.Insert(t.Context(), `INSERT INTO accounts (uuid, email, name, status, created_at)
				VALUES ($1, '', '', '', 0) RETURNING id`, uuid); err != nil {
				return err
			}
		}
		if _, err := oauth.CreatePersonal(t.Context(), tx, accounts[0], "first", oauth.Full); err != nil {
			return err
		}
		for i, want := range []bool{true, false} {
			if got, err := oauth.Exists(t.Context(), tx, accounts[i], "first"); err != nil || got != want {
				t.Errorf("account %d: %v, %v", accounts[i], got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
