package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/schema"
)

// serveSchema serves the document that the API is routed by. It wants no
// token: a client reads it to learn how to ask.
func (s *server) serveSchema(loaded *schema.Schema) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := loaded.Document(origin(r) + "/v2")
		if err != nil {
			s.writeError(w, r, err)
			return
		}
		sum := sha256.Sum256(text)
		etag := `"` + hex.EncodeToString(sum[:16]) + `"`
		w.Header().Set("ETag", etag)
		w.Header().Set("Cache-Control", "no-cache")
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/schema+json")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.Write(text)
	}
}
