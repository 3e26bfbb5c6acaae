package diskimage

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// Offsets in the header of a qcow2 file, from docs/interop/qcow2.txt of QEMU.
const (
	qcow2Magic        = "QFI\xfb"
	qcow2Version      = 4  // uint32
	qcow2Backing      = 8  // uint64, 0 for none
	qcow2Size         = 24 // uint64: bytes that the guest sees
	qcow2Encryption   = 32 // uint32, 0 for none
	qcow2Incompatible = 72 // uint64 of feature bits, from version 3 on
	qcow2DataFile     = 1 << 2
)

// fakeQcow2 returns a file with a header of that version.
func fakeQcow2(version byte, change func(header []byte)) []byte {
	data := make([]byte, 4096)
	copy(data, qcow2Magic)
	data[qcow2Version+3] = version
	data[qcow2Size+5] = 1
	if change != nil {
		change(data)
	}
	return data
}

// mirror serves files by path, and the lists of checksums for disk.qcow2.
func mirror(t *testing.T, files map[string]http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if serve, ok := files[r.URL.Path]; ok {
			serve(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func content(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
}

func expectOnly(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %q, want %q", names, want)
	}
}

func TestDownload(t *testing.T) {
	image := fakeQcow2(3, nil)
	old := fakeQcow2(2, func(h []byte) { h[qcow2Incompatible+7] = qcow2DataFile })
	backed := fakeQcow2(3, func(h []byte) { h[qcow2Backing+7] = 1 })
	encrypted := fakeQcow2(3, func(h []byte) { h[qcow2Encryption+3] = 2 })
	empty := fakeQcow2(3, func(h []byte) { h[qcow2Size+5] = 0 })
	huge := fakeQcow2(3, func(h []byte) { h[qcow2Size] = 0xff })
	dataFile := fakeQcow2(3, func(h []byte) { h[qcow2Incompatible+7] = qcow2DataFile })
	sum256 := func(data []byte) []byte { return fmt.Appendf(nil, "%x  disk.qcow2\n", sha256.Sum256(data)) }
	truncated := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(image)))
		_, _ = w.Write(image[:len(image)/2])
	}
	for _, c := range []struct {
		name, algorithm string
		image           http.HandlerFunc // nil for 404
		sums            []byte           // nil for 404
		want            []byte
		fails           string
	}{
		{"good sha256", "sha256", content(image), sum256(image), image, ""},
		{"good sha512", "sha512", content(image), fmt.Appendf(nil, "%x *disk.qcow2\n", sha512.Sum512(image)), image, ""},
		{"version 2 has no features", "sha256", content(old), sum256(old), old, ""},
		{"wrong sum", "sha256", content(image), sum256(backed), nil, "its sha256 checksum is"},
		{"truncated", "sha256", truncated, sum256(image), nil, "unexpected EOF"},
		{"no image", "sha256", nil, sum256(image), nil, "404 Not Found"},
		{"no sums", "sha256", content(image), nil, nil, "fetching the checksums: the server says 404"},
		{"not in sums", "sha256", content(image), []byte("\n"), nil, "no sha256 checksum of disk.qcow2"},
		{"unknown algorithm", "md5", content(image), sum256(image), nil, "only sha256 and sha512"},
		{"not qcow2", "sha256", content([]byte("hello")), sum256([]byte("hello")), nil, "not a qcow2 image"},
		{"backing file", "sha256", content(backed), sum256(backed), nil, "backing file"},
		{"data file", "sha256", content(dataFile), sum256(dataFile), nil, "external data file"},
		{"encrypted", "sha256", content(encrypted), sum256(encrypted), nil, "encrypted"},
		{"no size", "sha256", content(empty), sum256(empty), nil, "disk has 0 bytes"},
		{"senseless size", "sha256", content(huge), sum256(huge), nil, "bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]http.HandlerFunc{}
			if c.image != nil {
				files["/12/disk.qcow2"] = c.image
			}
			if c.sums != nil {
				files["/12/SUMS"] = content(c.sums)
			}
			base := mirror(t, files)
			dir := t.TempDir()
			dest := filepath.Join(dir, "image")
			d := Download{URL: base + "/12/disk.qcow2?x=1", SumsURL: base + "/12/SUMS", Algorithm: c.algorithm}
			err := d.Get(t.Context(), dest, nil)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error %v, want one with %q", err, c.fails)
				}
				expectOnly(t, dir)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			expectOnly(t, dir, "image")
			if got, err := os.ReadFile(dest); err != nil || string(got) != string(c.want) {
				t.Errorf("the image differs from the server's (%v)", err)
			}
		})
	}
}

func TestDownloadReportsProgress(t *testing.T) {
	image := fakeQcow2(3, nil)
	base := mirror(t, map[string]http.HandlerFunc{
		"/disk.qcow2": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(image)))
			_, _ = w.Write(image)
		},
		"/SUMS": content(fmt.Appendf(nil, "%x  disk.qcow2\n", sha256.Sum256(image))),
	})
	var reports []string
	d := Download{URL: base + "/disk.qcow2", SumsURL: base + "/SUMS", Algorithm: "sha256"}
	err := d.Get(t.Context(), filepath.Join(t.TempDir(), "image"), func(s string) { reports = append(reports, s) })
	if err != nil {
		t.Fatal(err)
	}
	if last := reports[len(reports)-1]; last != "Downloading disk.qcow2: 100 %" {
		t.Errorf("the last progress is %q", last)
	}
}

func TestDownloadCancelled(t *testing.T) {
	image := fakeQcow2(3, nil)
	ctx, cancel := context.WithCancel(t.Context())
	base := mirror(t, map[string]http.HandlerFunc{
		"/disk.qcow2": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(image[:100])
			w.(http.Flusher).Flush()
			cancel()
			<-r.Context().Done()
		},
		"/SUMS": content(fmt.Appendf(nil, "%x  disk.qcow2\n", sha256.Sum256(image))),
	})
	dir := t.TempDir()
	d := Download{URL: base + "/disk.qcow2", SumsURL: base + "/SUMS", Algorithm: "sha256"}
	if err := d.Get(ctx, filepath.Join(dir, "image"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	expectOnly(t, dir)
}

func TestFailedDownloadLeavesTheOldImage(t *testing.T) {
	base := mirror(t, nil)
	dir := t.TempDir()
	dest := filepath.Join(dir, "image")
	if err := os.WriteFile(dest, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := Download{URL: base + "/disk.qcow2", SumsURL: base + "/SUMS", Algorithm: "sha256"}
	if err := d.Get(t.Context(), dest, nil); err == nil {
		t.Fatal("no error without an image")
	}
	if got, err := os.ReadFile(dest); err != nil || string(got) != "old" {
		t.Errorf("the old image is now %q (%v)", got, err)
	}
	expectOnly(t, dir, "image")
}

// A crash at any point leaves no image or a complete one. The next Get succeeds and
// removes leftovers.
func TestDownloadCrash(t *testing.T) {
	image := fakeQcow2(3, nil)
	base := mirror(t, map[string]http.HandlerFunc{
		"/disk.qcow2": content(image),
		"/SUMS":       content(fmt.Appendf(nil, "%x  disk.qcow2\n", sha256.Sum256(image))),
	})
	d := Download{URL: base + "/disk.qcow2", SumsURL: base + "/SUMS", Algorithm: "sha256"}
	for _, point := range []string{"diskimage.leftovers", "diskimage.folder", "diskimage.fetch", "diskimage.rename"} {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			dest := filepath.Join(dir, "image")
			reached := false
			ctx := fault.With(t.Context(), func(at string) error {
				if at != point {
					return nil
				}
				reached = true
				return fault.ErrCrash
			})
			if err := d.Get(ctx, dest, nil); !errors.Is(err, fault.ErrCrash) {
				t.Fatalf("error %v, want the crash", err)
			}
			if !reached {
				t.Fatal("the point was not reached")
			}
			if _, err := os.Stat(dest); err == nil {
				t.Error("there is an image after the crash")
			}
			if err := d.Get(t.Context(), dest, nil); err != nil {
				t.Fatal(err)
			}
			expectOnly(t, dir, "image")
		})
	}
}

func TestDownloadCheck(t *testing.T) {
	server := mirror(t, map[string]http.HandlerFunc{"/a/disk.qcow2": content(nil)})
	good := Download{URL: server + "/a/disk.qcow2", Algorithm: "sha512"}
	if err := good.Check(t.Context()); err != nil {
		t.Error(err)
	}
	gone := Download{URL: server + "/b/disk.qcow2", Algorithm: "sha512"}
	if err := gone.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("an image that is gone: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := good.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a server that does not answer in time: %v", err)
	}
	err := Download{URL: "https://example.com/", Algorithm: "md5"}.Check(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"md5", "names no file"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}
