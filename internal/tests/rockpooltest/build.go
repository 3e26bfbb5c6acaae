// Package rockpooltest runs the real rockpool program for tests and benchmarks.
// Each has its own data folder and range of addresses. Tests fail if a process,
// a folder or a socket is left at their end.
package rockpooltest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Binary is the path of the program while Main runs.
var Binary string

// Main is for TestMain. It builds the program, runs the tests, and then calls
// the functions last. It returns the exit status.
func Main(m *testing.M, last ...func() error) int {
	dir, err := os.MkdirTemp("", "rockpooltest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	Binary = filepath.Join(dir, "rockpool")
	args := []string{"build", "-o", Binary}
	if raceEnabled {
		// As the Makefile builds the tests, which says why: Go's build cache then
		// has most of it.
		args = append(args, "-race", "-gcflags=modernc.org/sqlite/lib=-race=false", "-gcflags=modernc.org/libc=-race=false")
	}
	build := exec.Command("go", append(args, "github.com/rockpool-cloud/rockpool/cmd/rockpool")...)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build rockpool:", err)
		return 1
	}
	status := m.Run()
	for _, do := range last {
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return status
}
