package oauth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Tokens finds the tokens of one database. Looking one up takes a third of the
// time of a small request, so those that were found are remembered: until this
// process writes anything, so that whatever a client was told has happened
// holds for its next request, and for Remembered at the most, because other
// processes write too.
type Tokens struct {
	db *store.DB

	mu      sync.Mutex
	commits uint64 // of the database when known was empty
	since   time.Time
	known   map[digest]row
	noted   map[int64]time.Time // when this process has written a token's time of last use
}

// Remembered is how long a token is believed to be as it was. Whoever revokes
// one from another process waits that long before saying that it is revoked.
const Remembered = 100 * time.Millisecond

// row is a token with what decides whether it is good.
type row struct {
	Token
	expires, used sql.NullInt64
}

// NewTokens returns the tokens in db.
func NewTokens(db *store.DB) *Tokens { return &Tokens{db: db, noted: map[int64]time.Time{}} }

// usedEvery is how stale a token's time of last use may be: writing it with
// every request would cost a disk flush each. By as much it may be ahead, where
// the clock has been set back.
const usedEvery = time.Minute

// Authenticate returns the token with that text, or apierr.Unauthorized.
func (t *Tokens) Authenticate(ctx context.Context, text string) (Token, error) {
	now := t.db.Now()
	found, err := t.find(ctx, digestOf(text), now)
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, apierr.Unauthorized()
	}
	if err != nil {
		return Token{}, fmt.Errorf("look up token: %w", err)
	}
	if found.expires.Valid && !now.Before(store.Time(found.expires.Int64)) {
		return Token{}, apierr.Unauthorized()
	}
	if stale := !found.used.Valid || now.Sub(store.Time(found.used.Int64)).Abs() >= usedEvery; stale && t.isFirstToNote(found.ID, now) {
		// A token is as good when that can't be noted, on a full disk.
		_ = t.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE tokens SET last_used_at = $2 WHERE id = $1`, found.ID, store.Micros(now))
			return err
		})
	}
	return found.Token, nil
}

// isFirstToNote reports whether nobody else has just written, or is about to
// write, when the token was used.
func (t *Tokens) isFirstToNote(id int64, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.noted[id]).Abs() < usedEvery {
		return false
	}
	t.noted[id] = now
	return true
}

func (t *Tokens) find(ctx context.Context, d digest, now time.Time) (row, error) {
	commits := t.db.Commits() // before the look-up: what comes during it may not be in it
	found, known, ok := t.recall(d, commits, now)
	if ok {
		return found, nil
	}
	return t.lookUp(ctx, d, known)
}

// lookUp reads a token from the database, and adds it to what was remembered
// when that began.
func (t *Tokens) lookUp(ctx context.Context, d digest, known map[digest]row) (found row, err error) {
	var scopes string
	err = t.db.QueryRow(ctx, `SELECT id, account_id, scopes, expires_at, last_used_at FROM tokens WHERE hash = $1`, d[:]).
		Scan(&found.ID, &found.AccountID, &scopes, &found.expires, &found.used)
	if err != nil {
		return row{}, err
	}
	found.Scopes = strings.Fields(scopes)
	t.remember(known, d, found)
	return found, nil
}

// recall returns a token that is remembered, and forgets all when any of them
// may have changed. known is what is remembered at the time, for remember.
func (t *Tokens) recall(d digest, commits uint64, now time.Time) (found row, known map[digest]row, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if age := now.Sub(t.since); t.known == nil || t.commits != commits || age < 0 || age >= Remembered {
		t.commits, t.since, t.known = commits, now, map[digest]row{}
	}
	found, ok = t.known[d]
	return found, t.known, ok
}

// remember adds a token that was looked up to what was remembered when that
// began. If all of it has been forgotten since, so is this: the look-up may have
// taken long, and what it has found may be older than what is remembered now.
func (t *Tokens) remember(known map[digest]row, d digest, found row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known[d] = found
}
