package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/schema"
)

// maxBody is the largest body that is read, in bytes.
const maxBody = 1 << 20

// params reads a request's parameters, brings them to the types of the link's
// schema and checks them. The body goes before the query; names that the
// schema does not know are ignored.
func (s *server) params(w http.ResponseWriter, r *http.Request, link *schema.Link) (map[string]any, error) {
	body, err := bodyParams(w, r)
	if err != nil {
		return nil, err
	}
	params := map[string]any{}
	for _, name := range link.Names() {
		if value, ok := body[name]; ok {
			params[name] = value
		} else if values := r.URL.Query()[name]; len(values) > 0 {
			params[name] = values[0]
		}
	}
	link.Coerce(params)
	return params, link.Validate(params)
}

func bodyParams(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, apierr.TooLarge(maxBody)
	}
	if err != nil {
		return nil, apierr.BadRequest("The body could not be read to its end.")
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil, nil
	}
	// Plain HTTP tools send JSON with no type or with a form's.
	contentType := r.Header.Get("Content-Type")
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if mediaType != "application/json" && contentType != "" && text[0] != '{' {
		return nil, apierr.UnsupportedMediaType(contentType)
	}
	return parseObject(text)
}

// parseObject reads one JSON object, keeping numbers as they are written.
func parseObject(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var body any
	if err := decoder.Decode(&body); err != nil {
		return nil, apierr.BadRequest("error parsing request body: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, apierr.BadRequest("error parsing request body: there is more after the JSON object")
	}
	object, ok := body.(map[string]any)
	if !ok {
		return nil, apierr.BadRequest("error parsing request body: a JSON object is expected")
	}
	return object, nil
}

// pathValues returns the link's identities, percent-decoded.
func pathValues(r *http.Request) map[string]string {
	params := chi.RouteContext(r.Context()).URLParams
	values := make(map[string]string, len(params.Keys))
	for i, key := range params.Keys {
		value, err := url.PathUnescape(params.Values[i])
		if err != nil {
			value = params.Values[i]
		}
		values[key] = value
	}
	return values
}
