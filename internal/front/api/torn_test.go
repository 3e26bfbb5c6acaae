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

// client is a client that may disconnect.
type client struct {
	ctx        context.Context
	disconnect context.CancelFunc
}

func newClient(t *testing.T) client {
	ctx, cancel := context.WithCancel(t.Context())
	return client{ctx, cancel}
}

// made is an answer with that body.
func made(body string) func() (*answer, error) {
	return func() (*answer, error) { return &answer{status: 202, header: http.Header{}, body: []byte(body)}, nil }
}

// ask makes one POST and returns the body of its answer. With disconnects the
// client disconnects before it receives the answer.
func ask(t *testing.T, kept *torn, hash idempotency.Hash, object string, disconnects bool, do func() (*answer, error)) string {
	t.Helper()
	c := newClient(t)
	defer c.disconnect()
	f := kept.begin(c.ctx, hash, nil)
	a, err := f.answer(do)
	if disconnects {
		c.disconnect()
	}
	f.send(func() error { return nil })
	kept.end(f, object)
	if err != nil {
		return err.Error()
	}
	return string(a.body)
}

func TestAnswersOfTornPostsAreStoredForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &torn{}
		hash := idempotency.Hash{1}
		for _, step := range []struct {
			after       time.Duration
			disconnects bool
			would       string // be the answer, if it were carried out
			want        string
		}{
			{0, true, "a", "a"},
			{time.Minute, true, "b", "a"}, // torn again, so stored for another minute
			{time.Minute, false, "c", "a"},
			{0, false, "d", "d"}, // the client received the last answer
			{0, true, "e", "e"},
			{time.Minute + 1, false, "f", "f"},
		} {
			time.Sleep(step.after)
			if got := ask(t, kept, hash, "/x/1", step.disconnects, made(step.would)); got != step.want {
				t.Errorf("%+v: got %q", step, got)
			}
		}
		if len(kept.posts) != 0 {
			t.Errorf("%d are stored at the end", len(kept.posts))
		}
	})
}

func TestEachTornPostAnswersOneRepetition(t *testing.T) {
	kept := &torn{}
	hash := idempotency.Hash{1}
	first, second := newClient(t), newClient(t)
	a, b := kept.begin(first.ctx, hash, nil), kept.begin(second.ctx, hash, nil)
	a.answer(made("a"))
	b.answer(made("b"))
	first.disconnect()
	second.disconnect()
	for _, f := range []*post{a, b} {
		f.send(func() error { return nil })
		kept.end(f, "/x/1")
	}
	for _, want := range []string{"a", "b", "c"} {
		if got := ask(t, kept, hash, "/x/3", false, made("c")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestErrorsAreNotStored(t *testing.T) {
	kept := &torn{}
	reject := func() (*answer, error) { return nil, errors.New("rejected") }
	for range 2 {
		if got := ask(t, kept, idempotency.Hash{1}, "", true, reject); got != "rejected" {
			t.Errorf("got %q", got)
		}
	}
	if got := ask(t, kept, idempotency.Hash{1}, "/x/1", false, made("a")); got != "a" || len(kept.posts) != 0 {
		t.Errorf("then %q, %d stored", got, len(kept.posts))
	}
}

func TestAChangeOfTheObjectRemovesTheAnswer(t *testing.T) {
	for path, removes := range map[string]bool{
		"/x/1": true, "/x/1/actions": true, "/x": false, "/x/10": false, "/y/1": false, "": false,
	} {
		kept := &torn{}
		ask(t, kept, idempotency.Hash{1}, "/x/1", true, made("old"))
		ask(t, kept, idempotency.Hash{2}, "", true, made("of unknown objects"))
		kept.changed(path)
		want := "old"
		if removes {
			want = "new"
		}
		if got := ask(t, kept, idempotency.Hash{1}, "/x/1", false, made("new")); got != want {
			t.Errorf("after a change of %q: got %q", path, got)
		}
	}
}

// An answer about several objects is removed when any of them changes. An answer
// about unknown objects is never removed by a change.
func TestAChangeOfOneObjectRemovesTheAnswerAboutSeveral(t *testing.T) {
	for path, removes := range map[string]bool{"/x/1": true, "/x/2/actions": true, "/x/3": false, "/y": false} {
		kept := &torn{}
		for i, objects := range [][]string{{"/x/1", "/x/2"}, nil} {
			c := newClient(t)
			f := kept.begin(c.ctx, idempotency.Hash{byte(i)}, nil)
			f.answer(made("old"))
			c.disconnect()
			f.send(func() error { return nil })
			kept.end(f, objects...)
		}
		kept.changed(path)
		want := "old"
		if removes {
			want = "new"
		}
		if got := ask(t, kept, idempotency.Hash{0}, "/x/1", false, made("new")); got != want {
			t.Errorf("after a change of %q: got %q, want %q", path, got, want)
		}
		if got := ask(t, kept, idempotency.Hash{1}, "/x/1", false, made("new")); got != "old" {
			t.Errorf("after a change of %q, of unknown objects: got %q", path, got)
		}
	}
}

func TestStoredAnswersAreBoundedInNumber(t *testing.T) {
	kept := &torn{}
	underWay := kept.begin(t.Context(), idempotency.Hash{255}, nil)
	for i := range tornMost + 10 {
		ask(t, kept, idempotency.Hash{byte(i), byte(i >> 8)}, "", true, made(strconv.Itoa(i)))
	}
	if n := len(kept.posts); n != tornMost+1 {
		t.Errorf("%d answers are stored", n)
	}
	if got := ask(t, kept, idempotency.Hash{9}, "", false, made("new")); got != "new" {
		t.Errorf("one of the oldest: %q", got)
	}
	if got := ask(t, kept, idempotency.Hash{10}, "", false, made("new")); got != "10" {
		t.Errorf("the oldest that fits: %q", got)
	}
	kept.end(underWay, "")
}

func TestStoredAnswersAreBoundedInBytes(t *testing.T) {
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

// A POST waits for the answer of an equal POST that is torn and still under way.
// If its client disconnects as well, the third equal POST gets the answer.
func TestATornPostUnderWayIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &torn{}
		hash := idempotency.Hash{1}
		release := make(chan struct{})
		begin := func(would string, wait bool) (client, <-chan string) {
			c, body := newClient(t), make(chan string, 1)
			f := kept.begin(c.ctx, hash, nil)
			go func() {
				a, _ := f.answer(func() (*answer, error) {
					if wait {
						<-release
					}
					return made(would)()
				})
				f.send(func() error { return nil })
				kept.end(f, "/x/1")
				body <- string(a.body)
			}()
			synctest.Wait()
			return c, body
		}
		first, a := begin("a", true)
		first.disconnect()
		second, b := begin("b", false)
		second.disconnect()
		third, c := begin("c", false)
		if len(b) != 0 || len(c) != 0 {
			t.Fatal("one did not wait")
		}
		close(release)
		for _, body := range []<-chan string{a, b, c} {
			if got := <-body; got != "a" {
				t.Errorf("got %q", got)
			}
		}
		third.disconnect()
		if len(kept.posts) != 0 {
			t.Errorf("%d are stored", len(kept.posts))
		}
	})
}
