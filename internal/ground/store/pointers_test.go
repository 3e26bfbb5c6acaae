package store_test

import (
	"path/filepath"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// The migration that adds domains records which account has each existing
// address.
func TestMigrationAddsPointersOfExistingDroplets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	accounts := twoAccounts(t, db)
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), changes["add a droplet"], accounts[1], 0); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO addresses (address, droplet_id, forwards_json)
			SELECT '127.18.0.9', max(id), '[]' FROM droplets`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	migrate(t, path, 2)
	db = open(t, path)
	var address string
	var account int64
	if err := db.QueryRow(t.Context(), `SELECT address, account_id FROM domain_pointers`).Scan(&address, &account); err != nil ||
		address != "127.18.0.9" || account != accounts[1] {
		t.Errorf("%s of account %d, %v", address, account, err)
	}
}
