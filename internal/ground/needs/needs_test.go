package needs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
)

func TestProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "needs")
	t.Setenv(File, path)
	t.Setenv(CI, "")
	if got, want := Program(t, "go", "golang"), lookPath(t, "go"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a program that is there is said to be missing")
	}
	for range 2 {
		t.Run("missing", func(t *testing.T) {
			Program(t, "rockpool-missing", "nothing")
			t.Error("the test goes on")
		})
	}
	got, err := os.ReadFile(path)
	if want := "NEEDS rockpool-missing: apt-get install nothing\n"; err != nil || string(got) != want+want {
		t.Errorf("%q, %v; want %q twice", got, err, want)
	}
}

// In CI a test that lacks something fails, and is not skipped.
func TestNothingIsSkippedInCI(t *testing.T) {
	path := filepath.Join(t.TempDir(), "needs")
	t.Setenv(File, path)
	for value, failed := range map[string]bool{"true": true, "": false, "false": false} {
		t.Setenv(CI, value)
		r := &recorder{TB: t}
		ended := make(chan struct{})
		go func() { // Fatalf and Skip end a goroutine
			defer close(ended)
			Skip(r, "a thing: apt-get install thing")
		}()
		await.Receive(t, ended, "the test to end")
		if want := "NEEDS a thing: apt-get install thing"; !strings.HasPrefix(r.said, want) || r.failed != failed || r.skipped == failed {
			t.Errorf("with %s=%q it said %q; failed %v, skipped %v", CI, value, r.said, r.failed, r.skipped)
		}
	}
}

// recorder is a test that only notes what becomes of it.
type recorder struct {
	testing.TB
	said            string
	failed, skipped bool
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said, r.failed = fmt.Sprintf(format, args...), true
	runtime.Goexit()
}

func (r *recorder) Skip(args ...any) {
	r.said, r.skipped = fmt.Sprint(args...), true
	runtime.Goexit()
}

// Where the tests run as root, Ordinary runs them without its privilege.
func TestOrdinary(t *testing.T) {
	if !Ordinary(t) {
		return
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.WriteFile(closed, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(closed); !os.IsPermission(err) {
		t.Errorf("a file that nobody may read: %v", err)
	}
	output, err := Unprivileged(t, "cat", closed).CombinedOutput()
	if err == nil || !strings.Contains(string(output), "Permission denied") {
		t.Errorf("cat of a file that nobody may read: %v, %s", err, output)
	}
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScript runs tests by the script of make, once with one that is skipped.
func TestScript(t *testing.T) {
	for _, test := range []struct {
		command, output string
		fails           bool
	}{
		{`printf 'NEEDS b\nNEEDS a\nNEEDS b\n' >>"$` + File + `"; echo ok`, "ok\nNEEDS a\nNEEDS b\n", false},
		{`echo ok`, "ok\n", false},
		{`echo NEEDS a >>"$` + File + `"; false`, "NEEDS a\n", true},
	} {
		output, err := exec.Command("../../../scripts/needs", "sh", "-euc", test.command).CombinedOutput()
		if string(output) != test.output || (err != nil) != test.fails {
			t.Errorf("%s: %v, %q", test.command, err, output)
		}
	}
}

// TestGo runs make's look at Go with others in its place.
func TestGo(t *testing.T) {
	for version, want := range map[string]string{
		"echo go1.26.8": "", "echo go1.21": "", "echo go1.30rc1": "", "echo go2.0": "", "echo devel go1.27-ab12": "",
		"echo go1.20.14": "Go 1.20.14 is too old.", "echo": "Go is not installed.", "exit 127": "Go is not installed.",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\n"+version+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		command := exec.Command("../../../scripts/setup-go")
		command.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
		output, err := command.CombinedOutput()
		first, mend, _ := strings.Cut(string(output), "\n")
		if first != want || (err != nil) != (want != "") || (want != "") != strings.Contains(mend, "bookworm-backports") {
			t.Errorf("%s: %v, %s", version, err, output)
		}
	}
}
