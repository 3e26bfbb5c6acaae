package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

func TestDoctorOnTheDataFolder(t *testing.T) {
	empty := t.TempDir()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lost := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("nowhere", lost); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ data, state string }{
		{empty, empty},
		{filepath.Join(empty, "a", "b"), "which the first start makes"},
		{file, "not a directory"},
		{filepath.Join(file, "data"), "not a directory"},
		{lost, "can't be used"},
	} {
		f := (&doctorCommand{dataFlag: dataFlag{Data: test.data}}).folder()
		if bad := strings.Contains(f.state, "can't be used"); !strings.Contains(f.state, test.state) || (f.mend != "") != bad || bad && !strings.Contains(f.state, test.data) || !f.vital {
			t.Errorf("%s: %+v", test.data, f)
		}
	}
}

func TestDoctorOnAnUnreadableFolder(t *testing.T) {
	if !needs.Ordinary(t) {
		return
	}
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0); err != nil {
		t.Fatal(err)
	}
	holder := filepath.Join(dir, "holder")
	if err := os.MkdirAll(filepath.Join(holder, "images"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(holder, "images"), 0); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{closed, filepath.Join(closed, "data"), holder} {
		f := (&doctorCommand{dataFlag: dataFlag{Data: data}}).folder()
		if f.mend == "" || !strings.Contains(f.state, "permission denied") {
			t.Errorf("%s: %+v", data, f)
		}
	}
}
