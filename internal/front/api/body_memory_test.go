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

func TestBodyMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 2 * bodyMemoryStep
		s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
		memory := semaphore.NewWeighted(most)
		answered := make(chan struct{})
		handler := limitBodyMemory(memory, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := readBody(w, r); err != nil {
				s.writeError(w, r, err)
				return
			}
			if r.URL.Path == "/slow" {
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
		first := ask("/slow", bodyMemoryFree+most-1)
		small := ask("/", bodyMemoryFree-1)
		if w := <-small; w.Code != http.StatusNoContent {
			t.Errorf("a small body: %d", w.Code)
		}
		began := time.Now()
		w := <-ask("/", bodyMemoryFree+1)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "Too many large requests") {
			t.Errorf("a body beyond the memory: %d %s", w.Code, w.Body)
		}
		if waited := time.Since(began); waited != bodyMemoryWait {
			t.Errorf("it waited for %v", waited)
		}
		next := ask("/", bodyMemoryFree+most-1)
		if len(next) > 0 || len(first) > 0 {
			t.Fatal("there was memory")
		}
		close(answered)
		for what, heard := range map[string]<-chan *httptest.ResponseRecorder{"the first": first, "the next": next} {
			if w := <-heard; w.Code != http.StatusNoContent {
				t.Errorf("%s: %d %s", what, w.Code, w.Body)
			}
		}
		if !memory.TryAcquire(most) {
			t.Error("memory is still allocated at the end")
		}
	})
}

// A client that announces a large body and sends nothing allocates no memory.
func TestOnlyBytesThatArriveAllocateMemory(t *testing.T) {
	memory := semaphore.NewWeighted(bodyMemoryStep)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	handler := limitBodyMemory(memory, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Body.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		if !memory.TryAcquire(bodyMemoryStep) {
			t.Error("the body has memory before it needs any")
		}
		if n, err := r.Body.Read(make([]byte, bodyMemoryFree)); n != bodyMemoryFree-1 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != errNoMemory {
			t.Errorf("beyond the uncounted bytes: %d, %v", n, err)
		}
	}))
	r := httptest.NewRequest("POST", "/", bytes.NewReader(make([]byte, maxBody))).WithContext(ctx)
	handler.ServeHTTP(httptest.NewRecorder(), r)
}
