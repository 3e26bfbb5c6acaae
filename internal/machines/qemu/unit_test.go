package qemu

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMapped(t *testing.T) {
	for idMap, want := range map[string]bool{
		"0 0 4294967295\n":                  true,
		"0 1000 1\n1 100000 65536\n":        false,
		"0 1000 1\n2000000000 5 499 ":       false,
		"0 1000 1\n2000000100 5 400 ":       true,
		"2000000101 1 400\n0 5 2000000499 ": false,
		"":                                  false,
		"nonsense\n":                        false,
	} {
		if got := mapped(strings.NewReader(idMap), 2000000100, 400); got != want {
			t.Errorf("%q: %v, want %v", idMap, got, want)
		}
	}
}

func TestArguments(t *testing.T) {
	spec := testSpec(7, "")
	spec.Hostname = "a,id=evil"
	for accelerator, want := range map[string]string{"kvm": "host", "tcg": "max,la57=off"} {
		args, err := arguments(record{Spec: spec, Network: guestNetwork, Disk: diskRecord{Image: ImageFile{Format: "raw"}}}, accelerator, "../../it's/rockpool", "mark")
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.Index(args, "-cpu"); args[i+1] != want {
			t.Errorf("%s has the processor %s", accelerator, args[i+1])
		}
		all := strings.Join(args, " ")
		for _, part := range []string{
			"-name guest=a,,id=evil,process=rockpool-7",
			"hostname=a,,id=evil",
			"serial=7",
			`cmd:'../../it'\''s/rockpool' relay metadata.sock`,
			`{"driver":"raw","file":"image-file","node-name":"image","read-only":true}`,
		} {
			if !strings.Contains(all, part) {
				t.Errorf("%s lacks %s", all, part)
			}
		}
	}
}

func TestUUID(t *testing.T) {
	if a, b := uuidOf(1), uuidOf(2); a == b || a != uuidOf(1) || len(a) != 36 || a[14] != '8' {
		t.Errorf("%s, %s", a, b)
	}
}

func TestParseID(t *testing.T) {
	for name, want := range map[string]bool{"1": true, "0": false, "-1": false, "01": false, "making-1": false, "+1": false} {
		if _, ok := parseID(name); ok != want {
			t.Errorf("%q: %v", name, ok)
		}
	}
}

func TestInstall(t *testing.T) {
	dir := t.TempDir()
	source, target := filepath.Join(dir, "source"), filepath.Join(dir, "target")
	for _, test := range []struct {
		mode os.FileMode
		text string
		link bool
	}{{0o755, "first", true}, {0o755, "second", true}, {0o700, "third", false}} {
		if err := os.RemoveAll(source); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(source, []byte(test.text), test.mode); err != nil {
			t.Fatal(err)
		}
		var before os.FileInfo
		for range 2 {
			if err := install(t.Context(), source, target); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(target)
			if err != nil {
				t.Fatal(err)
			}
			if before != nil && !os.SameFile(before, info) {
				t.Errorf("%s was installed again", test.text)
			}
			before = info
		}
		text, err := os.ReadFile(target)
		if err != nil || string(text) != test.text || before.Mode().Perm() != 0o755 {
			t.Errorf("%q, %v, %v, want %q", text, before.Mode(), err, test.text)
		}
		if from, err := os.Stat(source); err != nil || os.SameFile(from, before) != test.link {
			t.Errorf("%s is linked: %v, want %v (%v)", test.text, !test.link, test.link, err)
		}
	}
}
