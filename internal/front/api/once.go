package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// idempotencyHeader names a request, so that a client that has not heard of
// its end can ask again without asking twice.
const idempotencyHeader = "Idempotency-Key"

// maxKey is the longest idempotency key, in bytes.
const maxKey = 255

// idempotencyKey returns the request's key, empty if it has none.
func idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values(idempotencyHeader)
	if len(keys) == 0 {
		return "", nil
	}
	key := keys[0]
	if len(keys) > 1 || key == "" || len(key) > maxKey {
		return "", apierr.BadRequest("Idempotency-Key must be one header with 1 to %d characters.", maxKey)
	}
	for _, b := range []byte(key) {
		if b < ' ' || b > '~' {
			return "", apierr.BadRequest("Idempotency-Key may hold printable ASCII characters only.")
		}
	}
	return key, nil
}

// once answers the call, and sees to it that a request that comes again,
// because its client did not hear the answer, is not carried out again.
func (c *call) once(w http.ResponseWriter) error {
	ctx := c.http.Context()
	answered, send := c.do, func(write func() error) { _ = write() }
	switch {
	case c.link.Method == http.MethodGet:
	case c.key != "":
		answered = c.keyed
	case c.link.Method == http.MethodPost: // the others do no harm a second time
		hash, err := c.hash()
		if err != nil {
			return err
		}
		f := c.torn.board(ctx, hash, requestLine(c.http))
		defer func() { c.torn.leave(f, c.objects(f.result)...) }()
		send = f.send
		answered = func(ctx context.Context) (*answer, error) {
			return f.answer(func() (*answer, error) { return c.do(ctx) })
		}
	}
	a, err := answered(ctx)
	if err != nil {
		return err
	}
	send(func() error {
		err := a.write(w, c.http)
		if c.link.Method == http.MethodGet {
			a.release() // no other request gets this answer
			return err
		}
		if err != nil {
			return err
		}
		return http.NewResponseController(w).Flush()
	})
	return nil
}

// path is the request's path below /v2.
func (c *call) path() string { return strings.TrimPrefix(c.http.URL.Path, "/v2") }

// objects are the paths of what a POST made in the collection that it was sent
// to, or else of what it did something to; none if neither can be told.
func (c *call) objects(a *answer) []string {
	path := c.path()
	if a != nil {
		if made := strings.TrimPrefix(a.header.Get("Location"), c.request.Base); strings.HasPrefix(made, path+"/") {
			return []string{made}
		}
		if len(a.made) > 0 {
			return a.made
		}
	}
	if len(c.link.Variables) == 0 {
		return nil
	}
	return []string{path[:strings.LastIndexByte(path, '/')]}
}

// hash stands for what the call asks for: the same in whatever form the
// parameters come.
func (c *call) hash() (idempotency.Hash, error) {
	text, err := json.Marshal([]any{c.token.AccountID, c.link.Route(), c.request.Path, spelled(c.request.Params), c.draft})
	if err != nil {
		return idempotency.Hash{}, fmt.Errorf("hash a request: %w", err)
	}
	return sha256.Sum256(text), nil
}

// spelled returns a value with its numbers as strings: where a parameter may be
// either, as an id or a slug may, a form can't tell one from the other.
func spelled(value any) any {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = spelled(item)
		}
		return items
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, member := range v {
			members[name] = spelled(member)
		}
		return members
	}
	return value
}

func (c *call) idempotencyKey() idempotency.Key {
	return idempotency.Key{AccountID: c.token.AccountID, Text: c.key}
}

// keyed answers a call with a key.
func (c *call) keyed(ctx context.Context) (*answer, error) {
	var err error
	if c.hashed, err = c.hash(); err != nil {
		return nil, err
	}
	end, err := c.keys.Begin(c.idempotencyKey())
	if err != nil {
		return nil, err
	}
	defer end()
	if a, err := c.remembered(ctx); a != nil || err != nil {
		return a, err
	}
	a, err := c.do(ctx)
	if errors.Is(err, idempotency.ErrTaken) { // by another node, meanwhile
		return c.remembered(ctx)
	}
	return a, err
}

// remembered returns the answer of the call's key, nil if there is none.
func (c *call) remembered(ctx context.Context) (*answer, error) {
	found, err := c.keys.Find(ctx, c.idempotencyKey(), c.hashed)
	if found == nil || err != nil {
		return nil, err
	}
	return replayed(&answer{status: found.Status, header: found.Header, body: found.Body}), nil
}

// remember saves the answer by its key.
func (c *call) remember(ctx context.Context, tx *store.Tx) error {
	return c.keys.Save(ctx, tx, c.idempotencyKey(), c.hashed,
		idempotency.Answer{Status: c.answer.status, Header: c.answer.header, Body: c.answer.body})
}

// replayed marks an answer as one that was given before.
func replayed(a *answer) *answer {
	again := &answer{status: a.status, header: a.header.Clone(), body: a.body, made: a.made}
	again.set("Idempotency-Replayed", "true")
	return again
}
