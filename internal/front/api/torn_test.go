package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
)

// hearing is a client that may go away.
type hearing struct {
	ctx   context.Context
	leave context.CancelFunc
}

func client(t *testing.T) hearing {
	ctx, cancel := context.WithCancel(t.Context())
	return hearing{ctx, cancel}
}

// made is an answer with that body.
func made(body string) func() (*answer, error) {
	return func() (*answer, error) { return &answer{status: 202, header: http.Header{}, body: []byte(body)}, nil }
}

// ask is one request from its beginning to its end; its client goes away before
// it hears the answer, or not.
func ask(t *testing.T, kept *torn, hash idempotency.Hash, object string, goes bool, do func() (*answer, error)) string {
	t.Helper()
	c := client(t)
	defer c.leave()
	f := kept.board(c.ctx, hash, nil)
	a, err := f.answer(do)
	if goes {
		c.leave()
	}
	f.send(func() error { return nil })
	kept.leave(f, object)
	if err != nil {
		return err.Error()
	}
	return string(a.body)
}

func TestTornAnswersAreKeptForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &torn{}
		hash := idempotency.Hash{1}
		for _, step := range []struct {
			after time.Duration
			goes  bool
			would string // be the answer, if it were done
			want  string
		}{
			{0, true, "a", "a"},
			{time.Minute, true, "b", "a"}, // torn once more, for another minute
			{time.Minute, false, "c", "a"},
			{0, false, "d", "d"}, // that one was heard
			{0, true, "e", "e"},
			{time.Minute + 1, false, "f", "f"},
		} {
			time.Sleep(step.after)
			if got := ask(t, kept, hash, "/x/1", step.goes, made(step.would)); got != step.want {
				t.Errorf("%+v: got %q", step, got)
			}
		}
		if len(kept.flights) != 0 {
			t.Errorf("%d are kept at the end", len(kept.flights))
		}
	})
}

func TestTornAnswersAreTakenOneByOne(t *testing.T) {
	kept := &torn{}
	hash := idempotency.Hash{1}
	first, second := client(t), client(t)
	a, b := kept.board(first.ctx, hash, nil), kept.board(second.ctx, hash, nil)
	a.answer(made("a"))
	b.answer(made("b"))
	first.leave()
	second.leave()
	for _, f := range []*flight{a, b} {
		f.send(func() error { return nil })
		kept.leave(f, "/x/1")
	}
	for _, want := range []string{"a", "b", "c"} {
		if got := ask(t, kept, hash, "/x/3", false, made("c")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRefusalsAreNotKept(t *testing.T) {
	kept := &torn{}
	refused := func() (*answer, error) { return nil, errors.New("refused") }
	for range 2 {
		if got := ask(t, kept, idempotency.Hash{1}, "", true, refused); got != "refused" {
			t.Errorf("got %q", got)
		}
	}
	if got := ask(t, kept, idempotency.Hash{1}, "/x/1", false, made("a")); got != "a" || len(kept.flights) != 0 {
		t.Errorf("then %q, %d kept", got, len(kept.flights))
	}
}

func TestAChangeForgetsWhatWasTorn(t *testing.T) {
	for path, forgets := range map[string]bool{
		"/x/1": true, "/x/1/actions": true, "/x": false, "/x/10": false, "/y/1": false, "": false,
	} {
		kept := &torn{}
		ask(t, kept, idempotency.Hash{1}, "/x/1", true, made("old"))
		ask(t, kept, idempotency.Hash{2}, "", true, made("of nobody knows what"))
		kept.changed(path)
		want := "old"
		if forgets {
			want = "new"
		}
		if got := ask(t, kept, idempotency.Hash{1}, "/x/1", false, made("new")); got != want {
			t.Errorf("after a change of %q: got %q", path, got)
		}
	}
}

// An answer about several objects is forgotten with any of them, and one about
// nobody knows what with none.
func TestAChangeForgetsWhatWasTornOfSeveral(t *testing.T) {
	for path, forgets := range map[string]bool{"/x/1": true, "/x/2/actions": true, "/x/3": false, "/y": false} {
		kept := &torn{}
		for i, objects := range [][]string{{"/x/1", "/x/2"}, nil} {
			c := client(t)
			f := kept.board(c.ctx, idempotency.Hash{byte(i)}, nil)
			f.answer(made("old"))
			c.leave()
			f.send(func() error { return nil })
			kept.leave(f, objects...)
		}
		kept.changed(path)
		want := "old"
		if forgets {
			want = "new"
		}
		if got := ask(t, kept, idempotency.Hash{0}, "/x/1", false, made("new")); got != want {
			t.Errorf("after a change of %q: got %q, want %q", path, got, want)
		}
		if got := ask(t, kept, idempotency.Hash{1}, "/x/1", false, made("new")); got != "old" {
			t.Errorf("after a change of %q, of nobody knows what: got %q", path, got)
		}
	}
}

func TestTornAnswersAreBounded(t *testing.T) {
	kept := &torn{}
	living := kept.board(t.Context(), idempotency.Hash{255}, nil)
	for i := range tornMost + 10 {
		ask(t, kept, idempotency.Hash{byte(i), byte(i >> 8)}, "", true, made(strconv.Itoa(i)))
	}
	if n := len(kept.flights); n != tornMost+1 {
		t.Errorf("%d flights are kept", n)
	}
	if got := ask(t, kept, idempotency.Hash{9}, "", false, made("new")); got != "new" {
		t.Errorf("one of the oldest: %q", got)
	}
	if got := ask(t, kept, idempotency.Hash{10}, "", false, made("new")); got != "10" {
		t.Errorf("the oldest that fits: %q", got)
	}
	kept.leave(living, "")
}

func TestTornAnswersAreBoundedInBytes(t *testing.T) {
	kept := &torn{}
	large := strings.Repeat("x", tornBytes/4+1)
	for i := range 5 {
		ask(t, kept, idempotency.Hash{byte(i)}, "", true, made(large))
	}
	for i, want := range []string{"new", "new", large, large, large} {
		if got := ask(t, kept, idempotency.Hash{byte(i)}, "", false, made("new")); got != want {
			t.Errorf("answer %d has %d bytes, want %d", i, len(got), len(want))
		}
	}
}

// The second client waits for the first one's answer, and if it goes as well
// leaves it to the third.
func TestATornRequestUnderWayIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &torn{}
		hash := idempotency.Hash{1}
		release := make(chan struct{})
		begin := func(would string, wait bool) (hearing, <-chan string) {
			c, heard := client(t), make(chan string, 1)
			f := kept.board(c.ctx, hash, nil)
			go func() {
				a, _ := f.answer(func() (*answer, error) {
					if wait {
						<-release
					}
					return made(would)()
				})
				f.send(func() error { return nil })
				kept.leave(f, "/x/1")
				heard <- string(a.body)
			}()
			synctest.Wait()
			return c, heard
		}
		first, a := begin("a", true)
		first.leave()
		second, b := begin("b", false)
		second.leave()
		third, c := begin("c", false)
		if len(b) != 0 || len(c) != 0 {
			t.Fatal("one did not wait")
		}
		close(release)
		for _, heard := range []<-chan string{a, b, c} {
			if got := <-heard; got != "a" {
				t.Errorf("got %q", got)
			}
		}
		third.leave()
		if len(kept.flights) != 0 {
			t.Errorf("%d are kept", len(kept.flights))
		}
	})
}
