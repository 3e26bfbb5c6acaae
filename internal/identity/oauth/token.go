// Package oauth has the tokens that authenticate requests, and their scopes.
package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// personalPrefix begins the text of a personal access token.
const personalPrefix = "dop_v1_"

// Full has the scopes for all operations.
const Full = "read write"

// Token is the token of a request.
type Token struct {
	ID        int64
	AccountID int64
	Scopes    []string
}

// Allows reports whether the token has one of those scopes, such as droplet:read. The
// scope read includes all scopes that end in :read, and write all others.
func (t Token) Allows(scopes ...string) bool { return slices.ContainsFunc(scopes, t.allows) }

func (t Token) allows(scope string) bool {
	coarse := "write"
	if strings.HasSuffix(scope, ":read") {
		coarse = "read"
	}
	return slices.Contains(t.Scopes, coarse) || slices.Contains(t.Scopes, scope)
}

// CreatePersonal creates a personal access token and returns its text. The text is not
// stored, so it can't be read again.
func CreatePersonal(ctx context.Context, tx *store.Tx, accountID int64, name, scopes string) (string, error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	text := personalPrefix + hex.EncodeToString(secret)
	hash := digestOf(text)
	_, err := tx.Exec(ctx, `INSERT INTO tokens (account_id, name, hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5)`,
		accountID, name, hash[:], scopes, store.Micros(tx.Now()))
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

// digest is the hash of a token, which is stored instead of its text. A hash without a
// salt suffices, because 256 random bits can't be guessed.
type digest [sha256.Size]byte

func digestOf(text string) digest { return sha256.Sum256([]byte(text)) }
