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

// Tokens finds the tokens of one database. Reading one takes a third of the time of a
// small request, so tokens are cached. The cache is emptied when this process commits
// anything, so that a change applies to the client's next request; and after
// Remembered, because other processes write too.
type Tokens struct {
	db *store.DB

	mu      sync.Mutex
	commits uint64 // of the database when known was emptied
	since   time.Time
	known   map[digest]row
	noted   map[int64]time.Time // when this process has written a token's time of last use
}

// Remembered is how long a token is cached. A process that revokes a token waits that
// long before it reports that the token is revoked.
const Remembered = 100 * time.Millisecond

// row is a token with its times of expiry and last use.
type row struct {
	Token
	expires, used sql.NullInt64
}

// NewTokens returns the tokens in db.
func NewTokens(db *store.DB) *Tokens { return &Tokens{db: db, noted: map[int64]time.Time{}} }

// usedEvery is the maximum error of a token's time of last use, which is behind, or
// ahead if the clock was set back. Writing it with every request would cost a disk
// flush each.
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
		// The token is valid even if this fails, for example on a full disk.
		_ = t.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE tokens SET last_used_at = $2 WHERE id = $1`, found.ID, store.Micros(now))
			return err
		})
	}
	return found.Token, nil
}

// isFirstToNote reports whether no other request has just written, or is about to
// write, the time of the token's last use.
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
	commits := t.db.Commits() // before the look-up, which may miss a later commit
	found, known, ok := t.recall(d, commits, now)
	if ok {
		return found, nil
	}
	return t.lookUp(ctx, d, known)
}

// lookUp reads a token from the database, and adds it to known, the cache when the
// look-up began.
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

// recall returns a token from the cache. It first empties the cache if a token may
// have changed. known is the cache, for remember.
func (t *Tokens) recall(d digest, commits uint64, now time.Time) (found row, known map[digest]row, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if age := now.Sub(t.since); t.known == nil || t.commits != commits || age < 0 || age >= Remembered {
		t.commits, t.since, t.known = commits, now, map[digest]row{}
	}
	found, ok = t.known[d]
	return found, t.known, ok
}

// remember adds a token that was looked up to known, the cache when the look-up began.
// If the cache was emptied since, known is not in use any more, and the token is not
// cached: it may have changed during the look-up.
func (t *Tokens) remember(known map[digest]row, d digest, found row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known[d] = found
}
