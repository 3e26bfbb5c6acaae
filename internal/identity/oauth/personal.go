package oauth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Personal describes a personal access token to its owner. It does not have the
// token's text, which is not stored.
type Personal struct {
	ID       int64
	Name     string
	Scopes   []string
	Created  time.Time
	LastUsed time.Time // to the minute; zero if the token was never used
}

// List returns the tokens that are valid at the time now, ordered by id.
func List(ctx context.Context, q store.Querier, now time.Time) ([]Personal, error) {
	rows, err := q.Query(ctx, `SELECT id, name, scopes, created_at, last_used_at FROM tokens
		WHERE expires_at IS NULL OR expires_at > $1 ORDER BY id`, store.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close()
	var all []Personal
	for rows.Next() {
		var p Personal
		var scopes string
		var created int64
		var used sql.NullInt64
		if err := rows.Scan(&p.ID, &p.Name, &scopes, &created, &used); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		p.Scopes, p.Created = strings.Fields(scopes), store.Time(created)
		if used.Valid {
			p.LastUsed = store.Time(used.Int64)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// Find returns the id of the token with that text, and 0 if there is none.
func Find(ctx context.Context, q store.Querier, text string) (id int64, err error) {
	hash := digestOf(text)
	err = q.QueryRow(ctx, `SELECT id FROM tokens WHERE hash = $1`, hash[:]).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// Revoke revokes a token. Other processes may accept it for at most Remembered after
// that. The row stays, so that Exists still finds the name. The token expires in 1970,
// so that it stays expired if the clock is set back.
func Revoke(ctx context.Context, tx *store.Tx, id int64) error {
	if _, err := tx.Exec(ctx, `UPDATE tokens SET expires_at = 0 WHERE id = $1`, id); err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}
