package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/front/api"
	"github.com/rockpool-cloud/rockpool/internal/front/ratelimit"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// thingSchema is a resource that can only be created.
const thingSchema = `{
  "id": "schema/thing", "title": "Thing", "description": "A thing.", "type": ["object"], "one": "thing", "many": "things",
  "definitions": {
    "id": {"description": "its number", "example": 1, "type": ["integer"]},
    "identity": {"$ref": "#/definitions/thing/definitions/id"}
  },
  "links": [{"title": "Create", "description": "Make a thing.", "href": "/things", "method": "POST", "rel": "create", "scope": "thing:create"}],
  "properties": {"id": {"$ref": "#/definitions/thing/definitions/id"}}
}`

type thing struct {
	ID int64 `json:"id"`
}

// workshop is a front door with the resource thing, whose handler a test sets.
type workshop struct {
	*testing.T
	db      *store.DB
	door    http.Handler
	token   string
	handler resource.Handler
}

func newWorkshop(t *testing.T) *workshop {
	w := &workshop{T: t}
	db, err := store.Open(t.Context(), storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.db = db
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), `CREATE TABLE things (id `+storetest.ID()+`)`); err != nil {
			return err
		}
		id, err := account.First(t.Context(), tx)
		if err != nil {
			return err
		}
		w.token, err = oauth.CreatePersonal(t.Context(), tx, id, "t", oauth.Full)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.door, err = api.New(api.Config{
		DB: db, Tokens: oauth.NewTokens(db), Limiter: ratelimit.New(0, 0), Log: slog.New(slog.DiscardHandler),
		Resources: []resource.Resource{
			account.Resource(db, account.Limits{}),
			{Name: "thing", Schema: []byte(thingSchema), Handlers: map[string]resource.Handler{
				"POST /things": func(ctx context.Context, r *resource.Request) (*resource.Response, error) { return w.handler(ctx, r) },
			}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// make creates a thing. change may do more in the transaction, and may change the
// response.
func (w *workshop) make(ctx context.Context, r *resource.Request, change func(*store.Tx, *resource.Response)) (*resource.Response, error) {
	return r.Write(ctx, w.db, func(tx *store.Tx) (*resource.Response, error) {
		id, err := tx.Insert(ctx, `INSERT INTO things DEFAULT VALUES RETURNING id`)
		if err != nil {
			return nil, err
		}
		response := resource.One(http.StatusCreated, "thing", thing{id})
		change(tx, response)
		return response, nil
	})
}

func (w *workshop) things() (n int) {
	w.Helper()
	if err := w.db.QueryRow(w.Context(), `SELECT count(*) FROM things`).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

func (w *workshop) post(ctx context.Context, headers ...string) *http.Response {
	r := httptest.NewRequestWithContext(ctx, "POST", "/v2/things", nil)
	r.Header.Set("Authorization", "Bearer "+w.token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.door.ServeHTTP(recorder, r)
	return recorder.Result()
}

func nothing(*store.Tx, *resource.Response) {}

// Whatever fails after the commit, the client gets the answer that the thing is
// created.
func TestNoErrorIsAnsweredAfterTheCommit(t *testing.T) {
	final := func(f func(context.Context) (*resource.Response, error)) func(*store.Tx, *resource.Response) {
		return func(_ *store.Tx, r *resource.Response) { r.Final = f }
	}
	for name, handler := range map[string]func(*workshop) resource.Handler{
		"a hook panics": func(w *workshop) resource.Handler {
			return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, func(tx *store.Tx, _ *resource.Response) { tx.OnCommit(func() { panic("oops") }) })
			}
		},
		"the handler panics": func(w *workshop) resource.Handler {
			return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				w.make(ctx, r, nothing)
				panic("oops")
			}
		},
		"the handler fails": func(w *workshop) resource.Handler {
			return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				w.make(ctx, r, nothing)
				return nil, errors.New("oops")
			}
		},
		"Final fails": func(w *workshop) resource.Handler {
			return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, final(func(context.Context) (*resource.Response, error) { return nil, errors.New("oops") }))
			}
		},
		"Final panics": func(w *workshop) resource.Handler {
			return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, final(func(context.Context) (*resource.Response, error) { panic("oops") }))
			}
		},
		"the final response can't be encoded": func(w *workshop) resource.Handler {
			return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, final(func(context.Context) (*resource.Response, error) {
					return resource.One(http.StatusCreated, "thing", func() {}), nil
				}))
			}
		},
		"there is no final response": func(w *workshop) resource.Handler {
			return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, final(func(context.Context) (*resource.Response, error) { return nil, nil }))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkshop(t)
			w.handler = handler(w)
			for _, key := range []string{"k", "k", "l"} {
				response := w.post(t.Context(), "Prefer", "wait=1", "Idempotency-Key", key)
				text, _ := io.ReadAll(response.Body)
				if response.StatusCode != http.StatusCreated || !json.Valid(text) || !strings.Contains(string(text), `"thing":{"id":`) {
					t.Errorf("key %s: %d %s", key, response.StatusCode, text)
				}
			}
			if n := w.things(); n != 2 {
				t.Errorf("%d things by two keys", n)
			}
		})
	}
}

// If the answer can't be encoded or stored, the transaction is rolled back.
func TestWithoutAnAnswerNothingIsCommitted(t *testing.T) {
	for name, change := range map[string]func(*store.Tx, *resource.Response){
		"no form":  func(_ *store.Tx, r *resource.Response) { r.Value = func() {} },
		"a panic":  func(*store.Tx, *resource.Response) { panic("oops") },
		"no table": func(tx *store.Tx, _ *resource.Response) { tx.Exec(context.Background(), `DROP TABLE idempotency_keys`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkshop(t)
			w.handler = func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, change)
			}
			if response := w.post(t.Context(), "Idempotency-Key", "k"); response.StatusCode != http.StatusInternalServerError || w.things() != 0 {
				t.Errorf("%d, and %d things", response.StatusCode, w.things())
			}
			w.handler = func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, nothing)
			}
			if response := w.post(t.Context(), "Idempotency-Key", "k"); response.StatusCode != http.StatusCreated || w.things() != 1 {
				t.Errorf("then %d, and %d things", response.StatusCode, w.things())
			}
		})
	}
}

// If the client disconnects before it receives the answer, the next equal POST gets
// that answer.
func TestTheClientDisconnectsAtAnyPoint(t *testing.T) {
	for _, at := range []string{"in the transaction", "after the commit", "api.answer"} {
		t.Run(at, func(t *testing.T) {
			w := newWorkshop(t)
			ctx, leave := context.WithCancel(t.Context())
			goes := func(point string) {
				if point == at {
					leave()
				}
			}
			w.handler = func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
				return w.make(ctx, r, func(tx *store.Tx, _ *resource.Response) {
					goes("in the transaction")
					tx.OnCommit(func() { goes("after the commit") })
				})
			}
			w.post(fault.With(ctx, func(point string) error { goes(point); return nil }))
			if ctx.Err() == nil {
				t.Fatal("the client is still there")
			}
			for i, replayed := range []string{"true", ""} {
				response := w.post(t.Context())
				if response.StatusCode != http.StatusCreated || response.Header.Get("Idempotency-Replayed") != replayed || w.things() != i+1 {
					t.Errorf("again: %d, replayed %q, %d things", response.StatusCode, response.Header.Get("Idempotency-Replayed"), w.things())
				}
			}
		})
	}
}

// A dry run does not wait for a transaction that writes. With an idempotency key its
// answer is stored like any other.
func TestDryRun(t *testing.T) {
	w := newWorkshop(t)
	runs := 0
	w.handler = func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
		return r.DryRun(ctx, w.db, func(q store.Querier) (*resource.Response, error) {
			runs++
			return resource.One(http.StatusOK, "thing", thing{int64(runs)}), nil
		})
	}
	w.post(t.Context())                                    // writes when the token was used
	err := w.db.Write(t.Context(), func(*store.Tx) error { // a second one would have to wait for this one
		if a := w.post(t.Context()); a.StatusCode != 200 {
			t.Errorf("a dry run: %s", a.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, replayed := range []string{"", "true"} {
		a := w.post(t.Context(), "Idempotency-Key", "k")
		if text, _ := io.ReadAll(a.Body); a.StatusCode != 200 || string(text) != `{"thing":{"id":3}}`+"\n" || a.Header.Get("Idempotency-Replayed") != replayed || runs != 3 {
			t.Errorf("time %d with a key: %s %s, replayed %q, %d runs", i+1, a.Status, text, a.Header.Get("Idempotency-Replayed"), runs)
		}
	}
	w.handler = func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
		return r.DryRun(ctx, w.db, func(store.Querier) (*resource.Response, error) { return nil, errors.New("oops") })
	}
	if a := w.post(t.Context()); a.StatusCode != 500 {
		t.Errorf("a dry run that fails: %s", a.Status)
	}
}
