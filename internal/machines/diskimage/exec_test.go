package diskimage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
)

func TestRunReturnsTheLastLines(t *testing.T) {
	err := run(t.Context(), t.TempDir(), "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo line $i >&2; done; exit 3")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"sh: exit status 3", "line 3; line 4", "line 8"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "line 2") {
		t.Errorf("%q has too much", err)
	}
}

func TestRunCancelledEndsTheWholeGroup(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		// The grandchild has the fifo open and ignores SIGTERM.
		ended <- run(ctx, dir, "sh", "-c", "sh -c \"trap '' TERM; exec 3>fifo; echo up >&3; while :; do sleep 60; done\" & wait")
	}()
	f, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := await.Receive(t, ended, "the program to end"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	// Reading ends when no process has the fifo open for writing.
	if n, err := f.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes and error %v, want the end of the file", n, err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var tl tail
	for range 1000 {
		if _, err := tl.Write([]byte("0123456789abcdef\n")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tl.Write([]byte("end\n")); err != nil {
		t.Fatal(err)
	}
	if len(tl.kept) > tailBytes {
		t.Errorf("%d bytes are kept", len(tl.kept))
	}
	if got := tl.lines(2); got != "0123456789abcdef; end" {
		t.Errorf("last lines %q", got)
	}
}
