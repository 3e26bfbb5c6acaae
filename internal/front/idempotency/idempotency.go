// Package idempotency stores the answers of requests that have an idempotency key. A
// client that did not receive the answer can send the request again. The answer is
// stored in the transaction that carries out the request, so that both are
// committed or neither.
package idempotency

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Kept is how long an answer is stored.
const Kept = 24 * time.Hour

// Hash is a hash of a request: equal requests have equal hashes.
type Hash [32]byte

// Key is a client's name for one request, unique in its account.
type Key struct {
	AccountID int64
	Text      string
}

// Answer is the answer of a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // nil for none
}

// The errors of a key that can't be used.
var (
	ErrInFlight = apierr.Conflict("A request with this Idempotency-Key is still in progress.")
	ErrOther    = apierr.Invalid("Idempotency-Key",
		"Idempotency-Key has been used for another request; give every request a key of its own.")
	// ErrTaken means that another node has just committed with that key.
	ErrTaken = errors.New("the idempotency key is taken")
)

// Keys is the keys of one database.
type Keys struct {
	db *store.DB

	mu       sync.Mutex
	inFlight map[Key]bool // requests of this process that are under way
}

// NewKeys returns the keys in db.
func NewKeys(db *store.DB) *Keys { return &Keys{db: db, inFlight: map[Key]bool{}} }

// Begin reserves a key for one request until end is called. It returns ErrInFlight if
// the key is reserved.
func (k *Keys) Begin(key Key) (end func(), err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.inFlight[key] {
		return nil, ErrInFlight
	}
	k.inFlight[key] = true
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.inFlight, key)
	}, nil
}

// Find returns the answer that is stored with a key; nil if there is none. It returns
// ErrOther if the answer is that of another request.
func (k *Keys) Find(ctx context.Context, key Key, hash Hash) (*Answer, error) {
	var a Answer
	var asked []byte
	var header string
	err := k.db.QueryRow(ctx, `SELECT request_hash, status, header_json, body FROM idempotency_keys
		WHERE account_id = $1 AND key = $2 AND created_at > $3`,
		key.AccountID, key.Text, store.Micros(k.db.Now().Add(-Kept))).Scan(&asked, &a.Status, &header, &a.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find an idempotency key: %w", err)
	}
	if Hash(asked) != hash {
		return nil, ErrOther
	}
	if err := json.Unmarshal([]byte(header), &a.Header); err != nil {
		return nil, fmt.Errorf("answer of an idempotency key: %w", err)
	}
	return &a, nil
}

// Sweep removes answers that are older than Kept: limit of them, and those of the
// same microsecond as the last one.
func Sweep(ctx context.Context, tx *store.Tx, limit int) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM idempotency_keys WHERE created_at <= $1 AND created_at <= coalesce(
		(SELECT created_at FROM idempotency_keys ORDER BY created_at LIMIT 1 OFFSET $2), $1)`,
		store.Micros(tx.Now().Add(-Kept)), limit-1)
}

// Save stores the answer of the request that tx carries out. It returns ErrTaken if
// the key has an answer that is not older than Kept.
func (k *Keys) Save(ctx context.Context, tx *store.Tx, key Key, hash Hash, a Answer) error {
	_, err := tx.Exec(ctx, `DELETE FROM idempotency_keys WHERE account_id = $1 AND key = $2 AND created_at <= $3`,
		key.AccountID, key.Text, store.Micros(tx.Now().Add(-Kept)))
	if err != nil {
		return fmt.Errorf("forget an old idempotency key: %w", err)
	}
	header, err := json.Marshal(a.Header)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO idempotency_keys (account_id, key, request_hash, status, header_json, body, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		key.AccountID, key.Text, hash[:], a.Status, string(header), a.Body, store.Micros(tx.Now()))
	if store.IsUnique(err) {
		return ErrTaken
	}
	if err != nil {
		return fmt.Errorf("save an idempotency key: %w", err)
	}
	return nil
}
