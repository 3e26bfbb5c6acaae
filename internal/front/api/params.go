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

// The media types of forms.
const (
	urlencoded    = "application/x-www-form-urlencoded"
	multipartForm = "multipart/form-data"
)

// maxBody is the size of the largest body that is accepted, in bytes.
const maxBody = 1 << 20

// params reads a request's parameters, converts them to the types of the link's
// schema and validates them. The body has precedence over the query. Parameters
// that the schema does not have are ignored.
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

// bodyParams reads the body by its Content-Type: JSON, or one of the two kinds of
// form. Some HTTP tools send JSON with no type, or with that of a form.
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
	if errors.Is(err, mime.ErrInvalidMediaParameter) && mediaType != multipartForm { // parameters such as "; charset" are not needed
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

// beginsObject reports whether a body begins as a JSON object does. Such a body is
// read as JSON whatever its type is, except for multipart/form-data.
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

// parseObject decodes one JSON object, with its numbers as json.Number. Of several
// members with the same name the last one counts. The text null counts as no body:
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

// queryParams decodes a query, or a body that is an urlencoded form.
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

// multipartParams decodes a multipart form. A file's value is its content.
func multipartParams(text []byte, boundary string) (map[string]any, error) {
	if boundary == "" {
		return nil, apierr.BadRequest("The type multipart/form-data must come with its boundary.")
	}
	// The reader reports no error for some forms that are cut off.
	if !bytes.Contains(text, []byte("--"+boundary+"--")) {
		return nil, apierr.BadRequest("error parsing request body: the boundary that ends the form is missing")
	}
	var pairs []pair
	reader := multipart.NewReader(bytes.NewReader(text), boundary)
	for {
		part, err := reader.NextPart()
		if err == io.EOF { // a wrapped io.EOF is an unexpected end
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

// pathValues returns the link's identities, percent-decoded. An identity with a NUL
// is not found; PostgreSQL could not even compare it. If RawPath is set, the router
// has matched the encoded path, so the values are still encoded.
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
