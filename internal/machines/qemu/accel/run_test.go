package accel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// TestMain runs the tests, or a process that gets killed while it probes. Its
// "QEMU" writes its pid and then hangs.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "probe-and-hang" {
		_, err := run(context.Background(), os.Args[2], nil)
		fmt.Println("the probe ended:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestProbeEndsWithItsParent kills a process that probes. Its QEMU has a pipe open,
// which ends when QEMU does.
func TestProbeEndsWithItsParent(t *testing.T) {
	dir := t.TempDir()
	qemu, pipe := filepath.Join(dir, "qemu"), filepath.Join(dir, "pipe")
	if output, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
		needs.Skip(t, "mkfifo: %v: %s", err, output)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec 9>'%s'\necho up >&9\nexec sleep 40\n", pipe)
	if err := os.WriteFile(qemu, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(os.Args[0], "probe-and-hang", qemu)
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	lines, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	reader := bufio.NewReader(lines)
	if line, err := reader.ReadString('\n'); err != nil || line != "up\n" {
		t.Errorf("the probe's QEMU says %q, %v", line, err)
	}
	_ = victim.Process.Kill()
	_ = victim.Wait()
	if err := lines.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if rest, err := reader.ReadString('\n'); rest != "" || !errors.Is(err, io.EOF) {
		t.Errorf("%q, %v came from the probe's QEMU, want its end", rest, err)
	}
}
