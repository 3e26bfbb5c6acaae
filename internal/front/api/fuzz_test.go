package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// checkBadRequest fails the test unless err is a bad request.
func checkBadRequest(t *testing.T, err error) {
	t.Helper()
	var e *apierr.Error
	if !errors.As(err, &e) || e.Kind != apierr.KindBadRequest || e.Message == "" {
		t.Errorf("refused with %v", err)
	}
}

// checkTexts fails the test if any text in a value is not UTF-8.
func checkTexts(t *testing.T, value any) {
	t.Helper()
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			t.Errorf("%q is not UTF-8", v)
		}
	case schema.Text:
		checkTexts(t, string(v))
	case schema.Repeated:
		for _, text := range v {
			checkTexts(t, text)
		}
	case []any:
		for _, item := range v {
			checkTexts(t, item)
		}
	case map[string]any:
		for name, member := range v {
			checkTexts(t, name)
			checkTexts(t, member)
		}
	}
}

// FuzzQueryParams compares the values of plain names with those of Go's parser.
func FuzzQueryParams(f *testing.F) {
	for _, seed := range []string{
		"a=1&b[]=2&b[]=3", "r[][id]=1&r[0][x]=y&r=z", "a[[]]=1&a]=2&[=3", "a[0][]=1&a[0]=2&a[]=3", "%5b=%5d&+=+", "a=1&a=2&a=%00", "a;b=1&c=%zz",
		"a[9999999999]=1&a[00]=2&a[+1]=3&a[-0]=4", "a[b][c][d][e][f][g][h]=1", "a[][b][]=1&a[][b][]=2&a[][c]=3&a[][c]=4", "\xff=1", "=", "&&&", "a[]", "a[b]=1&a[b][c]=2&a=3",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		params, err := queryParams(text)
		if err != nil {
			checkBadRequest(t, err)
			return
		}
		checkTexts(t, params)
		if encoded, err := json.Marshal(params); err != nil || !utf8.Valid(encoded) {
			t.Errorf("%q: %q, %v", text, encoded, err)
		}
		values, err := url.ParseQuery(text)
		if err != nil { // it rejects semicolons
			return
		}
		for name, want := range values {
			if name == "" || strings.Contains(name, "[") || hasNested(values, name) {
				continue
			}
			got, _ := params[name].(schema.Repeated)
			if one, ok := params[name].(schema.Text); ok {
				got = schema.Repeated{string(one)}
			}
			if !slices.Equal([]string(got), want) {
				t.Errorf("%q: %s is %q, want %q", text, name, got, want)
			}
		}
		if len(values) == 0 && len(params) > 0 {
			t.Errorf("%q: parameters %v out of nothing", text, params)
		}
	})
}

// hasNested reports whether the parameter has members or elements.
func hasNested(values url.Values, name string) bool {
	for other := range values {
		if strings.HasPrefix(other, name+"[") {
			return true
		}
	}
	return false
}

func FuzzMultipart(f *testing.F) {
	whole := "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"b[]\"; filename=\"f\"\r\n" +
		"Content-Type: text/plain\r\n\r\n2\r\n--x--\r\n"
	f.Add([]byte(whole), "x")
	f.Add([]byte(strings.TrimSuffix(whole, "--\r\n")), "x")
	f.Add([]byte(strings.ReplaceAll(whole, "\r\n", "\n")), "x")
	f.Add([]byte(whole), "")
	f.Add([]byte(`{"a":"--x--"}`), "x")
	f.Add([]byte("--x\r\n--x--"), "x")
	f.Add([]byte("--x\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Disposition: form-data; name=a\r\n\r\n=FF=\r\n--x--"), "x")
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name*=utf-8''%00; name*0=a\r\n\r\n\r\n--x--"), "x")
	f.Fuzz(func(t *testing.T, text []byte, boundary string) {
		params, err := multipartParams(text, boundary)
		if err != nil {
			checkBadRequest(t, err)
			return
		}
		checkTexts(t, params)
		if boundary == "" || !bytes.Contains(text, []byte("--"+boundary+"--")) {
			t.Errorf("%q by %q: %v of a form that does not end", text, boundary, params)
		}
	})
}

// FuzzMultipartForms writes a form and parses it, once complete and once cut off.
func FuzzMultipartForms(f *testing.F) {
	f.Add("name", "web-1", "user_data", "#!/bin/sh\r\n--x--\r\n", 10)
	f.Add("a", "", "a", "\n", 200)
	f.Add("é", "\x00", "b", "\xff", 300)
	f.Fuzz(func(t *testing.T, name, value, file, content string, cut int) {
		for _, text := range []string{name, file} {
			// The writer escapes some of these; the others make the name a path.
			if text == "" || !utf8.ValidString(text) || strings.ContainsAny(text, "[]\"\\%") || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				return
			}
		}
		var text bytes.Buffer
		w := multipart.NewWriter(&text)
		const boundary = "where-the-parts-meet"
		if err := w.SetBoundary(boundary); err != nil || strings.Contains(value+"\n"+content, boundary) {
			return
		}
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
		part, err := w.CreateFormFile(file, "a file")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, content)
		w.Close()
		params, err := multipartParams(text.Bytes(), boundary)
		want := map[string]any{name: schema.Text(value), file: schema.Text(content)}
		if name == file {
			want = map[string]any{name: schema.Repeated{value, content}}
		}
		switch {
		case !utf8.ValidString(value) || !utf8.ValidString(content):
			checkBadRequest(t, err)
		case err != nil || !cmp.Equal(params, want):
			t.Errorf("%v, %v, want %v", params, err, want)
		}
		whole := len(strings.TrimRight(text.String(), "\r\n"))
		if cut < 0 || cut >= whole {
			return
		}
		if params, err := multipartParams(text.Bytes()[:cut], boundary); err == nil {
			t.Errorf("%q is taken for a whole form: %v", text.Bytes()[:cut], params)
		}
	})
}

// FuzzObject parses JSON bodies. A value that is accepted is unchanged.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{"a":1}`, `{"a":1e400,"b":-0,"a":null}`, `{"a":"\ud800"}`, `{"a":"\\ud800\ud83d\ude00"}`, "{\"a\":\"\xff\"}", `{"a":[{},[],"",true]}`, "[]", "null", "", `{"a":1}}`,
		`{"a":1}{"b":2}`, "{\"\ufffd\":\"\\ufffd\"}", `{"a":"\u`, `{"a":"\`, `{"\udc00":1}`, `{"a":1234567890123456789012345678901234567890.5}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		object, err := parseObject(text)
		if err != nil {
			checkBadRequest(t, err)
			return
		}
		checkTexts(t, object)
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseObject(encoded)
		if err != nil || !cmp.Equal(object, again) {
			t.Errorf("%q: %v became %v, %v", text, object, again, err)
		}
		const replaced = "\ufffd"
		if strings.Contains(string(encoded), replaced) && !bytes.Contains(text, []byte(replaced)) && !bytes.Contains(bytes.ToLower(text), []byte(`\ufffd`)) {
			t.Errorf("%q became %q", text, encoded)
		}
	})
}

// FuzzOverride sends both headers. The result is a known method, or the method that
// was sent, or an error.
func FuzzOverride(f *testing.F) {
	f.Add("POST", "PATCH", "")
	f.Add("POST", "delete", " Delete ")
	f.Add("POST", "GET", "HEAD")
	f.Add("POST", "BREW", "")
	f.Add("post", "GET", "")
	f.Add("GET", "DELETE", "DELETE")
	f.Add("POST", "get\x00", "\xff")
	f.Add("POST", "ıpatch", "ſ")
	s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
	f.Fuzz(func(t *testing.T, method, first, second string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Method = method
		for i, value := range []string{first, second} {
			r.Header.Set(overrideHeaders[i], value)
		}
		got := ""
		w := httptest.NewRecorder()
		s.override(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Method })).ServeHTTP(w, r)
		wanted := func(text string) bool { return strings.EqualFold(strings.TrimSpace(text), got) }
		blank := strings.TrimSpace(first) == "" && strings.TrimSpace(second) == ""
		switch {
		case got == "" && method != "" && (method != "POST" || w.Code != http.StatusBadRequest || blank):
			t.Errorf("%s with %q, %q: %d %s", method, first, second, w.Code, w.Body)
		case got == "":
		case method != "POST" || blank:
			if got != method {
				t.Errorf("%s with %q, %q became %s", method, first, second, got)
			}
		case !overridable[got] || !wanted(first) && !wanted(second):
			t.Errorf("%s with %q, %q became %s", method, first, second, got)
		}
	})
}
