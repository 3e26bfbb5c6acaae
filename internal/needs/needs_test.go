package needs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "needs")
	t.Setenv(File, path)
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
		output, err := exec.Command("../../scripts/needs", "sh", "-euc", test.command).CombinedOutput()
		if string(output) != test.output || (err != nil) != test.fails {
			t.Errorf("%s: %v, %q", test.command, err, output)
		}
	}
}
