package contract

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGzipWhenAsked(t *testing.T) {
	c := newClient(t)
	// Read the raw bytes: the client of Go requests and decompresses gzip automatically.
	plain := c.raw(t, get("/v2/regions", ""))
	if plain.Header.Get("Content-Encoding") != "" || plain.ContentLength != int64(len(plain.Text)) || plain.JSON == nil {
		t.Fatalf("unasked: %v", plain.Header)
	}
	for accept, compressed := range map[string]bool{
		"gzip": true, "deflate, GZIP;q=0.5": true, "*": true, "gzip;q=0": false, "identity": false, "br": false, "": false, "identity;q=0, *": true,
	} {
		a := c.raw(t, get("/v2/regions", "Accept-Encoding: "+accept+"\r\n"))
		text := a.Text
		if compressed {
			r, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Errorf("%q: %v", accept, err)
				continue
			}
			unpacked, err := io.ReadAll(r)
			if err != nil {
				t.Error(err)
			}
			text = string(unpacked)
		}
		if got := a.Header.Get("Content-Encoding"); got != map[bool]string{true: "gzip"}[compressed] || text != plain.Text {
			t.Errorf("%q: Content-Encoding %q", accept, got)
		}
		if a.ContentLength != int64(len(a.Text)) || compressed && len(a.Text) >= len(plain.Text) {
			t.Errorf("%q: Content-Length %d of %d bytes", accept, a.ContentLength, len(a.Text))
		}
		if !strings.Contains(strings.Join(a.Header.Values("Vary"), ", "), "Accept-Encoding") {
			t.Errorf("%q: Vary %q", accept, a.Header.Values("Vary"))
		}
		head := c.raw(t, strings.Replace(get("/v2/regions", "Accept-Encoding: "+accept+"\r\n"), "GET", "HEAD", 1))
		for _, h := range []http.Header{a.Header, head.Header} {
			for _, own := range []string{"X-Request-Id", "Date", "Ratelimit-Reset", "Ratelimit-Remaining"} {
				h.Del(own)
			}
		}
		if diff := cmp.Diff(a.Header, head.Header); diff != "" || head.Text != "" || head.Header.Get("Content-Length") != strconv.Itoa(len(a.Text)) {
			t.Errorf("%q: HEAD differs: %s", accept, diff)
		}
	}
	if a := c.raw(t, get("/v2/account", "Accept-Encoding: gzip\r\n")); a.Header.Get("Content-Encoding") != "" || a.JSON == nil {
		t.Errorf("a small body: %v", a.Header)
	}
	if a := c.raw(t, send("DELETE", "/v2/droplets/9", "Accept-Encoding: gzip, identity;q=0\r\n", "")); a.StatusCode != 404 || a.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("an error to a client that takes nothing else: %d %v", a.StatusCode, a.Header)
	}
}

func TestDocumentsAreCompressedWhenAsked(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"/v2/schema", "/v2/openapi.json", "/v2/docs"} {
		plain := c.raw(t, get(path, ""))
		packed := c.raw(t, get(path, "Accept-Encoding: gzip\r\n"))
		if plain.Header.Get("Content-Encoding") != "" || packed.Header.Get("Content-Encoding") != "gzip" ||
			packed.ContentLength != int64(len(packed.Text)) || len(packed.Text)*3 > len(plain.Text) {
			t.Errorf("%s: %d and %d bytes, %v", path, len(plain.Text), len(packed.Text), packed.Header)
		}
		if plain.Header.Get("ETag") == packed.Header.Get("ETag") {
			t.Errorf("%s: one strong ETag for two texts", path)
		}
		for _, a := range []answer{plain, packed} {
			again := c.raw(t, get(path, "Accept-Encoding: "+a.Header.Get("Content-Encoding")+"\r\nIf-None-Match: "+a.Header.Get("ETag")+"\r\n"))
			if again.StatusCode != http.StatusNotModified || again.Text != "" {
				t.Errorf("%s with its ETag %s: %d", path, a.Header.Get("ETag"), again.StatusCode)
			}
		}
	}
}
