// Package oauth is who may do what: tokens and their scopes.
package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

// personalPrefix begins the text of a personal access token.
const personalPrefix = "dop_v1_"

// Full is the scope of everything.
const Full = "read write"

// Token is what a request is made with.
type Token struct {
	ID        int64
	AccountID int64
	Scopes    []string
}

// Allows reports whether the token may do what needs that scope, such as
// droplet:read. The coarse scope read covers all reading, write all the rest.
func (t Token) Allows(scope string) bool {
	coarse := "write"
	if strings.HasSuffix(scope, ":read") {
		coarse = "read"
	}
	return slices.Contains(t.Scopes, coarse) || slices.Contains(t.Scopes, scope)
}

// CreatePersonal makes a personal access token and returns its text, which is
// not kept and can't be had again.
func CreatePersonal(ctx context.Context, tx *store.Tx, accountID int64, name, scopes string) (string, error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	text := personalPrefix + hex.EncodeToString(secret)
	_, err := tx.Exec(ctx, `INSERT INTO tokens (account_id, name, hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5)`,
		accountID, name, hash(text), scopes, store.Micros(tx.Now()))
	if err != nil {
		return "", fmt.Errorf("create token: %w", err)
	}
	return text, nil
}

// Exists reports whether the account has, or has had, a token of that name.
func Exists(ctx context.Context, q store.Querier, accountID int64, name string) (bool, error) {
	var n int
	err := q.QueryRow(ctx, `SELECT count(*) FROM tokens WHERE account_id = $1 AND name = $2`, accountID, name).Scan(&n)
	return n > 0, err
}

// hash is what is kept of a token. A plain digest is enough for 256 random
// bits: there is nothing to guess.
func hash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// usedEvery is how stale a token's time of last use may be: writing it with
// every request would cost a disk flush each.
const usedEvery = time.Minute

// Authenticate returns the token with that text, or apierr.Unauthorized.
func Authenticate(ctx context.Context, db *store.DB, text string) (Token, error) {
	var t Token
	var scopes string
	var expires, used sql.NullInt64
	err := db.QueryRow(ctx, `SELECT id, account_id, scopes, expires_at, last_used_at FROM tokens WHERE hash = $1`, hash(text)).
		Scan(&t.ID, &t.AccountID, &scopes, &expires, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, apierr.Unauthorized()
	}
	if err != nil {
		return Token{}, fmt.Errorf("look up token: %w", err)
	}
	now := db.Now()
	if expires.Valid && !now.Before(store.Time(expires.Int64)) {
		return Token{}, apierr.Unauthorized()
	}
	t.Scopes = strings.Fields(scopes)
	if !used.Valid || now.Sub(store.Time(used.Int64)) >= usedEvery {
		// A token is as good when that can't be noted, on a full disk.
		_ = db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE tokens SET last_used_at = $2 WHERE id = $1`, t.ID, store.Micros(now))
			return err
		})
	}
	return t, nil
}
