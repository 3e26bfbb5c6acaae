// Package idempotency remembers the answers of requests that carry a key, so
// that a client that does not know whether it was heard can ask again. An
// answer is written in the transaction that it tells of: either both are there
// or neither.
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

// Kept is how long an answer is remembered.
const Kept = 24 * time.Hour

// Hash stands for what is asked for: requests with the same one want the same.
type Hash [32]byte

// Key is a client's name for one request, unique in its account.
type Key struct {
	AccountID int64
	Text      string
}

// Answer is what a request was answered with.
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
	inFlight map[Key]bool // of this process
}

// NewKeys returns the keys in db.
func NewKeys(db *store.DB) *Keys { return &Keys{db: db, inFlight: map[Key]bool{}} }

// Begin takes a key for one request until end is called, or ErrInFlight.
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

// Find returns the answer that is remembered for a key, nil if none is.
// ErrOther if it is another request's.
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

// Sweep removes answers that are not remembered any more: so many of them, and
// others of the same microsecond.
func Sweep(ctx context.Context, tx *store.Tx, limit int) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM idempotency_keys WHERE created_at <= $1 AND created_at <= coalesce(
		(SELECT created_at FROM idempotency_keys ORDER BY created_at LIMIT 1 OFFSET $2), $1)`,
		store.Micros(tx.Now().Add(-Kept)), limit-1)
}

// Save remembers the answer of the request that tx carries out. ErrTaken if the
// key has an answer that is still remembered.
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
