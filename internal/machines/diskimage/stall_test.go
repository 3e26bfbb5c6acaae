package diskimage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// slowServer answers after a pause, with a body that has pieces bytes, one after
// each pause, and then stops sending.
type slowServer struct {
	pause  time.Duration
	pieces int
}

func (s slowServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := s.wait(r.Context(), s.pause); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Body: &slowBody{s, r.Context()}}, nil
}

func (s slowServer) wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}

type slowBody struct {
	slowServer
	ctx context.Context
}

func (b *slowBody) Close() error { return nil }

func (b *slowBody) Read(p []byte) (int, error) {
	if b.pieces == 0 {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	if err := b.wait(b.ctx, b.pause); err != nil {
		return 0, err
	}
	b.pieces--
	return copy(p[:1], "x"), nil
}

func TestSilentServerEndsTheDownload(t *testing.T) {
	for _, c := range []struct {
		name   string
		server slowServer
		after  time.Duration
	}{
		{"no answer", slowServer{pause: time.Hour}, time.Minute},
		{"stalled body", slowServer{pause: 50 * time.Second, pieces: 9}, 10*50*time.Second + time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				d := Download{
					URL: "http://mirror/disk.qcow2", SumsURL: "http://mirror/SUMS", Algorithm: "sha256",
					Client: &http.Client{Transport: c.server},
				}
				began := time.Now()
				err := d.Get(t.Context(), filepath.Join(dir, "image"), nil)
				if !errors.Is(err, errStalled) {
					t.Errorf("error %v, want %v", err, errStalled)
				}
				if took := time.Since(began); took != c.after {
					t.Errorf("it ended after %v, want %v", took, c.after)
				}
			})
			expectOnly(t, dir)
		})
	}
}

// Only the server's silence counts, not the time that the reader takes.
func TestSlowReaderIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mirror/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := doUnlessStalled(&http.Client{Transport: slowServer{pieces: 3}}, request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var got bytes.Buffer
		for range 3 {
			time.Sleep(time.Hour)
			if _, err := io.CopyN(&got, response.Body, 1); err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != "xxx" {
			t.Errorf("read %q", got.String())
		}
	})
}
