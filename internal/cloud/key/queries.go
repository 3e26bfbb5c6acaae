package key

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const columns = `id, fingerprint, public_key, name`

func scan(row store.Scanner) (Key, error) {
	var k Key
	err := row.Scan(&k.ID, &k.Fingerprint, &k.PublicKey, &k.Name)
	return k, err
}

// Find returns the account's key with that id or fingerprint, or
// apierr.NotFound.
func Find(ctx context.Context, q store.Querier, accountID int64, idOrFingerprint string) (Key, error) {
	who := parseIdentity(idOrFingerprint)
	k, err := scan(q.QueryRow(ctx, `SELECT `+columns+` FROM ssh_keys
		WHERE account_id = $1 AND (id = $2 OR fingerprint = $3)`, accountID, who.id, who.fingerprint))
	if errors.Is(err, sql.ErrNoRows) {
		return k, apierr.NotFound()
	}
	return k, err
}

var table = list.Table[Key]{
	Select: `SELECT ` + columns + ` FROM ssh_keys`,
	From:   `ssh_keys`,
	Scan:   scan,
	Attrs: []list.Attr[Key]{
		{Name: "id", Column: "id", Number: true, Value: func(k Key) string { return strconv.FormatInt(k.ID, 10) }},
		{Name: "fingerprint", Column: "fingerprint", Value: func(k Key) string { return k.Fingerprint }},
	},
	Filters: []list.Filter[Key]{
		{Name: "name", Where: `lower(name) = lower(?)`},
		{Name: "fingerprint", Where: `fingerprint = lower(?)`},
	},
}

func insert(ctx context.Context, tx *store.Tx, accountID int64, k *Key) (err error) {
	k.ID, err = tx.Insert(ctx, `INSERT INTO ssh_keys (account_id, name, fingerprint, public_key, created_at)
		VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		accountID, k.Name, k.Fingerprint, k.PublicKey, store.Micros(tx.Now()))
	if store.IsUnique(err) {
		return errInUse
	}
	return err
}

func rename(ctx context.Context, tx *store.Tx, id int64, name string) error {
	_, err := tx.Exec(ctx, `UPDATE ssh_keys SET name = $2 WHERE id = $1`, id, name)
	return err
}

func remove(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM ssh_keys WHERE id = $1`, id)
	return err
}
