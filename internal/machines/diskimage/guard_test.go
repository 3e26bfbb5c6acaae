package diskimage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// helperEnv is set in a process of this test program that a test kills.
const helperEnv = "DISKIMAGE_TEST_HELPER"

// startHelper runs the named test in a process of its own, with that value in
// helperEnv.
func startHelper(t *testing.T, test, value string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(append(os.Environ(), helperEnv+"="+value), env...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func TestRunEndsWithTheProcess(t *testing.T) {
	if dir := os.Getenv(helperEnv); dir != "" {
		// The grandchild ignores all signals that can be ignored.
		t.Fatal(run(context.Background(), dir, "sh", "-c",
			"sh -c \"trap '' TERM HUP; exec 3>fifo; echo up >&3; while :; do sleep 60; done\" & wait"))
	}
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	helper := startHelper(t, t.Name(), dir)
	f, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Reading ends when no process has the fifo open for writing.
	if n, err := f.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes and error %v, want the end of the file", n, err)
	}
}

// A build killed while it fetches packages leaves no process, and the next one
// for the same image removes its files, also those outside of the folder.
func TestKilledBuildIsTidiedUp(t *testing.T) {
	if value := os.Getenv(helperEnv); value != "" {
		dest, url, _ := strings.Cut(value, " ")
		t.Fatal(Micro{Mirror: url}.Get(context.Background(), dest, nil))
	}
	needBuild(t)
	asked, gone := make(chan struct{}), make(chan struct{})
	url := mirror(t, map[string]http.HandlerFunc{
		"/killed/dists/bookworm/InRelease": func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
			close(gone)
		},
	})
	dir, tmp := t.TempDir(), t.TempDir()
	if err := errors.Join(os.Chmod(tmp, 0o755), os.Chmod(filepath.Dir(tmp), 0o755)); err != nil {
		t.Fatal(err)
	}
	dest := filepath.Join(dir, "micro.qcow2")
	helper := startHelper(t, t.Name(), dest+" "+url+"/killed", "TMPDIR="+tmp)
	wait := func(event chan struct{}, what string) {
		t.Helper()
		select {
		case <-event:
		case <-time.After(30 * time.Second):
			t.Fatalf("after 30 s: %s", what)
		}
	}
	wait(asked, "apt has asked for nothing")
	if left, err := filepath.Glob(tmp + "/rockpool-*/mmdebstrap.*"); err != nil || len(left) == 0 {
		t.Fatalf("mmdebstrap works elsewhere: %v (%v)", left, err)
	}
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	wait(gone, "apt has outlived the process")
	// This mirror has no files.
	if err := (Micro{Mirror: url + "/empty"}).Get(t.Context(), dest, nil); err == nil {
		t.Error("an image from an empty mirror")
	}
	expectOnly(t, dir)
	expectOnly(t, tmp)
}

// The folder that mmdebstrap leaves after a crash is removed with the folder that
// links to it.
func TestScratchIsRemoved(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dest := filepath.Join(t.TempDir(), "image")
	killed := fmt.Errorf("killed: %w", os.ErrProcessDone)
	err := place(t.Context(), dest, func(ctx context.Context, dir string) error {
		scratch, err := makeScratch(ctx, dir)
		if err != nil {
			return err
		}
		if info, err := os.Stat(scratch); err != nil || info.Mode() != os.ModeDir|os.ModeSticky|0o777 {
			t.Errorf("the mode of the folder is %v (%v)", info.Mode(), err)
		}
		return errors.Join(os.MkdirAll(scratch+"/mmdebstrap.x/etc", 0o700), killed)
	})
	if !errors.Is(err, killed) {
		t.Fatal(err)
	}
	expectOnly(t, tmp)
	expectOnly(t, filepath.Dir(dest))
}
