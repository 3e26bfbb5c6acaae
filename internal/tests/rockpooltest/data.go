package rockpooltest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// PlaceImage links or copies a disk into the server's library, as the image with that
// name.
func (s *Server) PlaceImage(slug, disk string) {
	s.tb.Helper()
	target := filepath.Join(s.Data, "images", slug+".qcow2")
	if err := os.MkdirAll(filepath.Dir(target), 0o711); err != nil {
		s.tb.Fatal(err)
	}
	if os.Link(disk, target) == nil {
		return
	}
	if err := copyFile(disk, target); err != nil {
		s.tb.Fatal(err)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// Run runs another command of the program on the server's data and returns
// what it wrote.
func (s *Server) Run(args ...string) (output string, err error) {
	cmd := exec.Command(Binary, args...)
	cmd.Env = append(os.Environ(), append([]string{"ROCKPOOL_DATA=" + s.Data}, s.Env...)...)
	text, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("rockpool %s: %w", strings.Join(args, " "), err)
	}
	return string(text), err
}

// Files returns the names in a folder of the data.
func (s *Server) Files(folder string) (names []string) {
	s.tb.Helper()
	entries, err := os.ReadDir(filepath.Join(s.Data, folder))
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
