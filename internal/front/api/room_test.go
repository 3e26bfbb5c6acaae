package api

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"
)

func TestRoomForBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 2 * roomStep
		s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
		room := semaphore.NewWeighted(most)
		answered := make(chan struct{})
		handler := roomed(room, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := readBody(w, r); err != nil {
				s.writeError(w, r, err)
				return
			}
			if r.URL.Path == "/held" {
				<-answered
			}
			w.WriteHeader(http.StatusNoContent)
		}))
		ask := func(path string, size int) <-chan *httptest.ResponseRecorder {
			heard := make(chan *httptest.ResponseRecorder, 1)
			r := httptest.NewRequest("POST", path, bytes.NewReader(make([]byte, size)))
			go func() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				heard <- w
			}()
			synctest.Wait()
			return heard
		}
		first := ask("/held", freeOfBody+most-1)
		small := ask("/", freeOfBody-1)
		if w := <-small; w.Code != http.StatusNoContent {
			t.Errorf("a small one: %d", w.Code)
		}
		began := time.Now()
		w := <-ask("/", freeOfBody+1)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "Too many large requests") {
			t.Errorf("one for which there is no room: %d %s", w.Code, w.Body)
		}
		if waited := time.Since(began); waited != roomWait {
			t.Errorf("it waited for %v", waited)
		}
		next := ask("/", freeOfBody+most-1)
		if len(next) > 0 || len(first) > 0 {
			t.Fatal("there was room")
		}
		close(answered)
		for what, heard := range map[string]<-chan *httptest.ResponseRecorder{"the first": first, "the next": next} {
			if w := <-heard; w.Code != http.StatusNoContent {
				t.Errorf("%s: %d %s", what, w.Code, w.Body)
			}
		}
		if !room.TryAcquire(most) {
			t.Error("room is still taken at the end")
		}
	})
}

// A client that declares a large body and sends nothing takes no room.
func TestOnlyWhatIsSentTakesRoom(t *testing.T) {
	room := semaphore.NewWeighted(roomStep)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	handler := roomed(room, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Body.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		if !room.TryAcquire(roomStep) {
			t.Error("it has room before it needs any")
		}
		if n, err := r.Body.Read(make([]byte, freeOfBody)); n != freeOfBody-1 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != errNoRoom {
			t.Errorf("beyond what is free: %d, %v", n, err)
		}
	}))
	r := httptest.NewRequest("POST", "/", bytes.NewReader(make([]byte, maxBody))).WithContext(ctx)
	handler.ServeHTTP(httptest.NewRecorder(), r)
}
