package capacity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMemTotal(t *testing.T) {
	if got, err := memTotal(strings.NewReader("MemFree: 1 kB\nMemTotal:       16384 kB\n")); err != nil || got != 16<<20 {
		t.Errorf("%d, %v", got, err)
	}
	for _, bad := range []string{"", "MemTotal: many kB\n"} {
		if got, err := memTotal(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gives %d", bad, got)
		}
	}
}

func TestCgroupLimit(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a/memory.max", "2000\n")
	write("a/b/memory.max", "max\n")
	write("c/memory.max", "max\n")
	membership := filepath.Join(root, "membership")
	for group, want := range map[string]int64{"0::/a/b": 2000, "0::/c": 0, "0::/": 0, "4:memory:/a": 0} {
		write("membership", group+"\n")
		if got, ok := cgroupLimit(root, membership); got != want || ok != (want != 0) {
			t.Errorf("%s: %d %v, want %d", group, got, ok, want)
		}
	}
	write("memory.max", "1000\n")
	write("membership", "0::/\n")
	if got, ok := cgroupLimit(root, membership); !ok || got != 1000 {
		t.Errorf("in a namespace of its own: %d %v, want 1000", got, ok)
	}
}
