package idempotency_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
)

// world is a database with one account and a clock that a test moves.
type world struct {
	*testing.T
	db      *store.DB
	keys    *idempotency.Keys
	account int64
	now     time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, now: time.Unix(1e9, 0)}
	db, err := store.Open(t.Context(), storetest.Source(t), store.WithClock(func() time.Time { return w.now }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.db, w.keys = db, idempotency.NewKeys(db)
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
		w.account, err = account.First(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) key(text string) idempotency.Key {
	return idempotency.Key{AccountID: w.account, Text: text}
}

// save saves a in a transaction that ends with that error.
func (w *world) save(key string, hash idempotency.Hash, a idempotency.Answer, end error) error {
	return w.db.Write(w.Context(), func(tx *store.Tx) error {
		if err := w.keys.Save(w.Context(), tx, w.key(key), hash, a); err != nil {
			return err
		}
		return end
	})
}

func (w *world) rows() (n int) {
	w.Helper()
	if err := w.db.QueryRow(w.Context(), `SELECT count(*) FROM idempotency_keys`).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

func TestAnswersComeBackAsTheyWere(t *testing.T) {
	w := newWorld(t)
	for key, a := range map[string]idempotency.Answer{
		"a body":  {Status: 202, Header: http.Header{"Location": {"http://x/1"}}, Body: []byte("{\"a\":\"\u00e4\"}\n")},
		"no body": {Status: 204, Header: http.Header{}},
	} {
		if err := w.save(key, idempotency.Hash{1}, a, nil); err != nil {
			t.Fatal(err)
		}
		found, err := w.keys.Find(t.Context(), w.key(key), idempotency.Hash{1})
		if err != nil || found == nil {
			t.Fatalf("%s: %v, %v", key, found, err)
		}
		if diff := cmp.Diff(a, *found); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
		if (found.Body == nil) != (a.Body == nil) {
			t.Errorf("%s: body %q", key, found.Body)
		}
		if _, err := w.keys.Find(t.Context(), w.key(key), idempotency.Hash{2}); !errors.Is(err, idempotency.ErrOther) {
			t.Errorf("%s of another request: %v", key, err)
		}
	}
	if found, err := w.keys.Find(t.Context(), w.key("unknown"), idempotency.Hash{1}); found != nil || err != nil {
		t.Errorf("an unknown key: %v, %v", found, err)
	}
	theirs := idempotency.Key{AccountID: w.account + 1, Text: "a body"}
	if found, err := w.keys.Find(t.Context(), theirs, idempotency.Hash{1}); found != nil || err != nil {
		t.Errorf("another account's key: %v, %v", found, err)
	}
}

func TestAnswersOfFailedTransactionsAreNotStored(t *testing.T) {
	w := newWorld(t)
	refused := errors.New("refused")
	if err := w.save("k", idempotency.Hash{1}, idempotency.Answer{Status: 201}, refused); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if found, err := w.keys.Find(t.Context(), w.key("k"), idempotency.Hash{1}); found != nil || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestAKeyHasOneAnswerForADay(t *testing.T) {
	w := newWorld(t)
	old, young := idempotency.Answer{Status: 201, Header: http.Header{}}, idempotency.Answer{Status: 202, Header: http.Header{}}
	if err := w.save("k", idempotency.Hash{1}, old, nil); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(idempotency.Kept - time.Microsecond)
	if err := w.save("k", idempotency.Hash{2}, young, nil); !errors.Is(err, idempotency.ErrTaken) {
		t.Errorf("before a day is over: %v, want ErrTaken", err)
	}
	if found, err := w.keys.Find(t.Context(), w.key("k"), idempotency.Hash{1}); err != nil || found == nil || found.Status != 201 {
		t.Errorf("before a day is over: %v, %v", found, err)
	}
	w.now = w.now.Add(time.Microsecond)
	if found, err := w.keys.Find(t.Context(), w.key("k"), idempotency.Hash{2}); found != nil || err != nil {
		t.Errorf("after a day: %v, %v", found, err)
	}
	if err := w.save("k", idempotency.Hash{2}, young, nil); err != nil {
		t.Errorf("after a day: %v", err)
	}
	if found, err := w.keys.Find(t.Context(), w.key("k"), idempotency.Hash{2}); err != nil || found == nil || found.Status != 202 {
		t.Errorf("the new answer: %v, %v", found, err)
	}
}

// Sweep removes answers that are too old, at most limit of them, and no others.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	save := func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			if err := w.save(key, idempotency.Hash{1}, idempotency.Answer{Status: 201, Header: http.Header{}}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	sweep := func(want int64) {
		t.Helper()
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			if n, err := idempotency.Sweep(t.Context(), tx, 2); err != nil || n != want {
				t.Errorf("%d answers are removed, %v; want %d", n, err, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	began := w.now
	for _, key := range []string{"a", "b", "c"} {
		save(key)
		w.now = w.now.Add(time.Microsecond)
	}
	save("d")
	w.now = began.Add(idempotency.Kept - time.Microsecond)
	sweep(0)
	w.now = began.Add(idempotency.Kept)
	sweep(1) // the next one is too young by a microsecond
	w.now = began.Add(idempotency.Kept + 2*time.Microsecond)
	save("e")
	save("f")
	sweep(2)
	sweep(0)
	if n := w.rows(); n != 3 {
		t.Errorf("%d answers are left, want the three young ones", n)
	}
	w.now = w.now.Add(time.Microsecond)
	sweep(1)
	w.now = w.now.Add(idempotency.Kept)
	sweep(2) // both of one time
}

func TestAKeyIsReservedForOneRequestAtATime(t *testing.T) {
	w := newWorld(t)
	end, err := w.keys.Begin(w.key("k"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.keys.Begin(w.key("k")); !errors.Is(err, idempotency.ErrInFlight) {
		t.Errorf("a second: %v", err)
	}
	for _, other := range []idempotency.Key{w.key("l"), {AccountID: w.account + 1, Text: "k"}} {
		if _, err := w.keys.Begin(other); err != nil {
			t.Errorf("%+v: %v", other, err)
		}
	}
	end()
	if _, err := w.keys.Begin(w.key("k")); err != nil {
		t.Errorf("when the first has ended: %v", err)
	}
}
