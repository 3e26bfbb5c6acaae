package servertest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

// outsideSchema are the paths that belong to no resource of the schema.
var outsideSchema = []string{"/", "/v2", "/v2/schema", "/v2/openapi.json", "/v2/docs", "/panel", "/metrics",
	"/v2/firewalls", "/v2/databases", "/v2/kubernetes/clusters", "/v2/registries"} // empty lists of unimplemented products

// Checked returns a handler that checks every response against the schema.
func Checked(t testing.TB, contract *schema.Schema, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The front door may change the request. The check needs the original.
		sent := r.Clone(r.Context())
		kept := &keptAnswer{ResponseWriter: w}
		next.ServeHTTP(kept, r)
		if problem := kept.problem(contract, sent); problem != "" {
			t.Errorf("%s %s breaks the contract: %s\n%d %s", sent.Method, sent.URL, problem, kept.status, kept.body.String())
		}
	})
}

// keptAnswer stores the response that it passes on.
type keptAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *keptAnswer) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *keptAnswer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

func (w *keptAnswer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// problem describes how the response differs from the schema; empty if it
// does not differ.
func (w *keptAnswer) problem(contract *schema.Schema, sent *http.Request) string {
	method := sent.Method
	for _, header := range []string{"X-Http-Method-Override", "Http-Method-Override"} {
		if wanted := strings.ToUpper(strings.TrimSpace(sent.Header.Get(header))); wanted != "" && method == http.MethodPost {
			method = wanted
		}
	}
	path := sent.URL.EscapedPath()
	below, isAPI := strings.CutPrefix(path, "/v2")
	switch {
	case method == http.MethodOptions, w.status == http.StatusNotModified, method == http.MethodHead && w.body.Len() == 0:
		return ""
	case w.status >= 400:
		return w.errorProblem(contract)
	case slices.Contains(outsideSchema, strings.TrimSuffix(path, "/")), path == "/":
		return ""
	case strings.Contains(sent.Header.Get("Accept"), "draft") || sent.URL.Query().Get("view") == "draft":
		return "" // the schema does not describe the draft view
	}
	link := contract.Match(method, below)
	if !isAPI || link == nil {
		return "no link answers here"
	}
	partial := link.Lists() && w.status == http.StatusPartialContent && !sent.URL.Query().Has("page") && !sent.URL.Query().Has("per_page")
	if w.status != link.Status && w.status != link.Also && !partial {
		return "the status is not the link's"
	}
	body, err := w.decoded()
	if err == nil {
		err = link.ValidateAnswer(body)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (w *keptAnswer) errorProblem(contract *schema.Schema) string {
	body, err := w.decoded()
	if err == nil {
		err = contract.ValidateError(body)
	}
	if err != nil {
		return err.Error()
	}
	id := body.(map[string]any)["id"]
	if !slices.ContainsFunc(httperr.Table(), func(a httperr.Answer) bool { return a.Status == w.status && a.ID == id }) {
		return "the id is not that of the status"
	}
	return ""
}

// decoded returns the body in the form that the validator takes; nil if there
// is none.
func (w *keptAnswer) decoded() (any, error) {
	if w.body.Len() == 0 {
		return nil, nil
	}
	body := io.Reader(bytes.NewReader(w.body.Bytes()))
	if w.Header().Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	return jsonschema.UnmarshalJSON(body)
}
