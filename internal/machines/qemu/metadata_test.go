package qemu

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/guesthttp"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// TestMetadataServerIsBounded opens one connection more to a machine's metadata than
// a guest may have. It ends at once, without a request.
func TestMetadataServerIsBounded(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(88, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	for range guesthttp.Connections {
		conn, err := socket.Dial(t.Context(), e.newMachine(spec.ID).dir, "metadata.sock")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	conn, err := socket.Dial(t.Context(), e.newMachine(spec.ID).dir, "metadata.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const wellBeforeIdleEnds = 2500 * time.Millisecond
	if err := conn.SetDeadline(time.Now().Add(wellBeforeIdleEnds)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection too many gives %v, want its end", err)
	}
}
