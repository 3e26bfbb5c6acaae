package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rockpool-cloud/rockpool/internal/front/jsontext"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The types of a body that is a form: in a query's encoding, or in parts.
const (
	urlencoded    = "application/x-www-form-urlencoded"
	multipartForm = "multipart/form-data"
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
	query, err := queryParams(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	bodyPage(r, body)
	params := link.Gather(body, query)
	return params, link.Validate(params)
}

// bodyParams reads the body as what its type says it is: JSON, or either kind
// of form. Plain HTTP tools send JSON with no type, or with a form's.
func bodyParams(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	text, err := readBody(w, r)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	contentType, err := single(r.Header, "Content-Type")
	if err != nil {
		return nil, err
	}
	mediaType, attributes, err := mime.ParseMediaType(contentType)
	if errors.Is(err, mime.ErrInvalidMediaParameter) && mediaType != multipartForm { // "; charset" says nothing we need
		err = nil
	}
	if err != nil && contentType != "" {
		return nil, apierr.UnsupportedMediaType(contentType)
	}
	switch {
	case mediaType == multipartForm:
		return multipartParams(text, attributes["boundary"])
	case beginsObject(text), mediaType == "", mediaType == "application/json", strings.HasSuffix(mediaType, "+json"):
		return parseObject(text)
	case mediaType == urlencoded:
		return queryParams(string(text))
	}
	return nil, apierr.UnsupportedMediaType(contentType)
}

// beginsObject reports whether a body is JSON, whatever its type says, unless
// that is a form in parts.
func beginsObject(text []byte) bool { return len(text) > 0 && text[0] == '{' }

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, apierr.UnsupportedCoding(coding)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, apierr.TooLarge(maxBody)
	}
	if errors.Is(err, errNoMemory) {
		return nil, err
	}
	if err != nil {
		return nil, apierr.BadRequest("The body could not be read to its end.")
	}
	return bytes.TrimSpace(bytes.TrimPrefix(text, byteOrderMark)), nil
}

// parseObject reads one JSON object, keeping numbers as they are written. Of
// members with one name the last counts. The text null stands for no body:
// Ansible's modules send it with every GET.
func parseObject(text []byte) (map[string]any, error) {
	if err := errors.Join(jsontext.Bounded(text), jsontext.Check(text)); err != nil {
		return nil, apierr.BadRequest("error parsing request body: %v", err)
	}
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
	if !ok && body != nil {
		return nil, apierr.BadRequest("error parsing request body: a JSON object is expected")
	}
	return object, nil
}

// queryParams reads a query, or a body that is encoded like one.
func queryParams(text string) (map[string]any, error) {
	if text == "" {
		return nil, nil
	}
	var pairs []pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		if len(pairs) == maxPairs {
			return nil, tooManyPairs()
		}
		name, value, _ := strings.Cut(part, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if err := errors.Join(nameErr, valueErr); err != nil {
			return nil, apierr.BadRequest("error parsing request parameters: %v", err)
		}
		pairs = append(pairs, pair{name, value})
	}
	return parseForm(pairs)
}

// multipartParams reads the parts of a form; a file's part stands for its text.
func multipartParams(text []byte, boundary string) (map[string]any, error) {
	if boundary == "" {
		return nil, apierr.BadRequest("The type multipart/form-data must come with its boundary.")
	}
	// The reader takes some forms without their end for whole ones.
	if !bytes.Contains(text, []byte("--"+boundary+"--")) {
		return nil, apierr.BadRequest("error parsing request body: the boundary that ends the form is missing")
	}
	var pairs []pair
	reader := multipart.NewReader(bytes.NewReader(text), boundary)
	for {
		part, err := reader.NextPart()
		if err == io.EOF { // wrapped, it is an end where none may be
			return parseForm(pairs)
		}
		if err != nil {
			return nil, apierr.BadRequest("error parsing request body: %v", err)
		}
		if len(pairs) == maxPairs {
			return nil, tooManyPairs()
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, apierr.BadRequest("error parsing request body: %v", err)
		}
		pairs = append(pairs, pair{part.FormName(), string(value)})
	}
}

// queryOf returns the values in a request's query.
func queryOf(r *http.Request) url.Values {
	if r.URL.RawQuery == "" {
		return nil
	}
	return r.URL.Query()
}

// pathValues returns the link's identities, percent-decoded. One with a NUL
// names nothing, and not every database would take it. The router matches the
// path as it was sent only if that differs from how Go would encode it.
func pathValues(r *http.Request) (map[string]string, error) {
	params := chi.RouteContext(r.Context()).URLParams
	values := make(map[string]string, len(params.Keys))
	for i, key := range params.Keys {
		value := params.Values[i]
		if r.URL.RawPath != "" {
			if decoded, err := url.PathUnescape(value); err == nil {
				value = decoded
			}
		}
		if strings.ContainsRune(value, 0) {
			return nil, apierr.NotFound()
		}
		values[key] = value
	}
	return values, nil
}
