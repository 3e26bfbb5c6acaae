package imagetest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMicroIsBuiltOnce(t *testing.T) {
	first := Micro(t)
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	second := Micro(t)
	after, err := os.Stat(second)
	if err != nil {
		t.Fatal(err)
	}
	if first != second || !os.SameFile(before, after) {
		t.Errorf("the image was built again: %s, then %s", first, second)
	}
}

func TestHashFilesChangesWithContentAndName(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hash := func() string {
		t.Helper()
		h, err := hashRecipe(dir, []string{"."}, "micro")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	seen := map[string]string{}
	expectNew := func(what string) {
		t.Helper()
		h := hash()
		if old, ok := seen[h]; ok {
			t.Errorf("%s: same hash as %s", what, old)
		}
		seen[h] = what
	}
	write("a", "1")
	expectNew("one file")
	write("a", "2")
	expectNew("another content")
	write("b", "")
	expectNew("a second file")
	if first, second := hash(), hash(); first != second {
		t.Errorf("the same files have the hashes %s and %s", first, second)
	}
	micro, err := hashRecipe(dir, nil, "micro")
	if err != nil {
		t.Fatal(err)
	}
	if debian, err := hashRecipe(dir, nil, "debian"); err != nil || debian == micro {
		t.Errorf("both guests have the hash %s (%v)", debian, err)
	}
}
