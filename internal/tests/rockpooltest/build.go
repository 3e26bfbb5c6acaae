// Package rockpooltest runs the real rockpool program for tests and
// benchmarks, each with a data folder and a range of addresses of its own, and
// sees to it that nothing is left of it.
package rockpooltest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Binary is the path of the program, as long as Main runs.
var Binary string

// Main is for TestMain: it builds the program once, runs the tests, and then
// what is to be done last. It returns the status to exit with.
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
