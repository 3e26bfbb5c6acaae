package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A document whose generation panics gets a 500 each time.
func TestDocumentThatPanics(t *testing.T) {
	s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
	d := newDocument("/v2/schema", "application/json", func(string) ([]byte, error) { panic("no document") })
	handler := s.log(s.recover(s.serveDocument(d)))
	for i := range 2 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, d.path, nil))
		if w.Code != http.StatusInternalServerError {
			t.Errorf("request %d: %d %q", i, w.Code, w.Body)
		}
	}
}
