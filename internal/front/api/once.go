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

// idempotencyHeader is a client's name for a request. If the client did not receive
// the answer, it can send the request again, and it is carried out once.
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

// once answers the call. It does not carry out a request again that a client
// repeats because it did not receive the answer.
func (c *call) once(w http.ResponseWriter) error {
	ctx := c.http.Context()
	answered, send := c.do, func(write func() error) { _ = write() }
	switch {
	case c.link.Method == http.MethodGet:
	case c.key != "":
		answered = c.keyed
	case c.link.Method == http.MethodPost: // the other methods are idempotent
		hash, err := c.hash()
		if err != nil {
			return err
		}
		p := c.torn.begin(ctx, hash, requestConnInfo(c.http))
		defer func() { c.torn.end(p, c.objects(p.result)...) }()
		send = p.send
		answered = func(ctx context.Context) (*answer, error) {
			return p.answer(func() (*answer, error) { return c.do(ctx) })
		}
	}
	a, err := answered(ctx)
	if err != nil {
		return err
	}
	send(func() error {
		err := a.write(w, c.http)
		if c.link.Method == http.MethodGet {
			// No other request gets this answer. After a failed write, HTTP/2 may still
			// send the body.
			if err == nil {
				a.release()
			}
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

// objects returns the paths of what a POST created in the collection that it was
// sent to, or else of the object that it changed; none if neither is known.
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

// hash returns a hash of what the call asks for. It does not depend on whether
// the parameters come as JSON or as a form.
func (c *call) hash() (idempotency.Hash, error) {
	text, err := json.Marshal([]any{c.token.AccountID, c.link.Route(), c.request.Path, withTextNumbers(c.request.Params), c.draft})
	if err != nil {
		return idempotency.Hash{}, fmt.Errorf("hash a request: %w", err)
	}
	return sha256.Sum256(text), nil
}

// withTextNumbers returns a value with its numbers as strings. A form can't say
// whether a parameter that may be either, such as an id or a slug, is a number.
func withTextNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = withTextNumbers(item)
		}
		return items
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, member := range v {
			members[name] = withTextNumbers(member)
		}
		return members
	}
	return value
}

func (c *call) idempotencyKey() idempotency.Key {
	return idempotency.Key{AccountID: c.token.AccountID, Text: c.key}
}

// keyed answers a call with an idempotency key.
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
	if errors.Is(err, idempotency.ErrTaken) { // another node has committed meanwhile
		return c.remembered(ctx)
	}
	return a, err
}

// remembered returns the answer that is stored with the call's key; nil if there
// is none.
func (c *call) remembered(ctx context.Context) (*answer, error) {
	found, err := c.keys.Find(ctx, c.idempotencyKey(), c.hashed)
	if found == nil || err != nil {
		return nil, err
	}
	return replayed(&answer{status: found.Status, header: found.Header, body: found.Body}), nil
}

// remember stores the answer with the call's key.
func (c *call) remember(ctx context.Context, tx *store.Tx) error {
	return c.keys.Save(ctx, tx, c.idempotencyKey(), c.hashed,
		idempotency.Answer{Status: c.answer.status, Header: c.answer.header, Body: c.answer.body})
}

// replayed returns a copy of an answer, with a header that says that it was sent
// before.
func replayed(a *answer) *answer {
	again := &answer{status: a.status, header: a.header.Clone(), body: a.body, made: a.made}
	again.set("Idempotency-Replayed", "true")
	return again
}
