package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors are the folders of internal/, the lowest first. A package imports only
// packages of its own floor and of those below it (docs/architecture.md).
var floors = []string{"ground", "machines", "naming", "identity", "cloud", "front", "panel", "server", "tests"}

// beside are the packages of the floor cloud, the lowest first: droplet is the
// hub, and what depends on droplets imports it.
var beside = []string{"size", "region", "image", "key", "address", "action", "droplet", "metadata", "domain"}

const internal = "github.com/rockpool-cloud/rockpool/internal/"

func TestEachFloorStandsOnThoseBelow(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := level(path.Dir(filepath.ToSlash(name)))
		if from < 0 || strings.HasPrefix(name, "cloud/") && hub(path.Dir(filepath.ToSlash(name))) < 0 {
			t.Errorf("%s is on no floor", name)
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if room, ours := strings.CutPrefix(imported, internal); ours && level(room) > from {
				t.Errorf("%s imports %s, which is on a floor above", name, room)
			} else if own := hub(path.Dir(filepath.ToSlash(name))); ours && own >= 0 && hub(room) > own {
				t.Errorf("%s imports %s, which is above it", name, room)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d files were read", files)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// level is the floor of a folder below internal/, from 0; -1 if it is on none.
func level(room string) int {
	floor, _, _ := strings.Cut(room, "/")
	return slices.Index(floors, floor)
}

// hub is the place of a package on the floor cloud, from 0; -1 on other floors.
func hub(room string) int {
	below, ok := strings.CutPrefix(room, "cloud/")
	if !ok {
		return -1
	}
	first, _, _ := strings.Cut(below, "/")
	return slices.Index(beside, first)
}
