package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"github.com/rockpool-cloud/rockpool/internal/front/openapi"
	"github.com/rockpool-cloud/rockpool/internal/front/reference"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// describe routes the documents that describe the API: the schema, and the two
// documents that are generated from it. They need no token, because a client reads
// them to learn how to authenticate.
func (s *server) describe(router chi.Router, loaded *schema.Schema) {
	for _, d := range []*document{
		newDocument("/v2/schema", "application/schema+json", func(origin string) ([]byte, error) { return loaded.Document(origin + "/v2") }),
		newDocument("/v2/openapi.json", "application/json", func(origin string) ([]byte, error) { return openapi.Document(loaded, origin+"/v2") }),
		newDocument("/v2/docs", "text/html; charset=utf-8", func(origin string) ([]byte, error) { return reference.Page(loaded, origin) }),
	} {
		router.Get(d.path, s.serveDocument(d))
	}
}

// document is a text that differs between clients only in the origin by which they
// reach the server. It is generated for the first request, not at the start: all
// documents together would double the time of a start.
type document struct {
	path, kind string
	text       func() (*documentText, error) // generates it, unless it has been generated
}

// documentText is the text of a document.
type documentText struct {
	parts [][]byte // split at each occurrence of the origin
	sum   []byte   // of the parts
}

// newDocument returns the document that write generates for an origin.
func newDocument(path, kind string, write func(origin string) ([]byte, error)) *document {
	return &document{path, kind, sync.OnceValues(func() (*documentText, error) {
		whole, err := write(schema.ExampleOrigin)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		sum := sha256.Sum256(whole)
		return &documentText{bytes.Split(whole, []byte(schema.ExampleOrigin)), sum[:]}, nil
	})}
}

// etag returns the ETag of the text for an origin.
func (t *documentText) etag(origin string) string {
	sum := sha256.Sum256(append(t.sum[:len(t.sum):len(t.sum)], origin...))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// plainHost matches hosts that need no escaping in JSON, in HTML and in a shell's
// command. The documents are not served for other hosts.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.:\[\]_-]*$`)

func (s *server) serveDocument(d *document) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		generated, err := d.text()
		if err != nil {
			s.writeError(w, r, err)
			return
		}
		if !plainHost.MatchString(r.Host) {
			s.writeError(w, r, apierr.BadRequest("The Host header %q names no host.", r.Host))
			return
		}
		body := bytes.Join(generated.parts, []byte(Origin(r)))
		etag := generated.etag(Origin(r))
		if takesGzip(r.Header.Values("Accept-Encoding"), len(body)) { // compressed bytes need another strong ETag
			etag = strings.TrimSuffix(etag, `"`) + `-gzip"`
		}
		w.Header().Set("ETag", etag)
		w.Header().Set("Cache-Control", "no-cache")
		if matchesETag(strings.Join(r.Header.Values("If-None-Match"), ","), etag) {
			w.Header().Add("Vary", varying)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if strings.HasPrefix(d.kind, "text/html") {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		}
		a := answer{status: http.StatusOK, header: http.Header{"Content-Type": {d.kind}}, body: body}
		a.write(w, r)
	}
}

// matchesETag reports whether a client's If-None-Match names the etag (RFC 9110,
// section 13.1.2).
func matchesETag(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}
