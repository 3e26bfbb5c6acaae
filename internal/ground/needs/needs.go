// Package needs is for tests that need something that a machine may lack: a
// program, a privilege, or time. Without it such a test is skipped, and make test
// says why. In CI, which must have everything, the test fails.
package needs

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// File is the environment variable with the path of a file that gets a line for
// each skipped test: go test prints nothing about skipped tests without -v. Only
// skipped tests read the variable, and scripts/needs sets a new path each time,
// so go test does not cache the results of packages with skipped tests.
const File = "ROCKPOOL_TEST_NEEDS"

// Program returns the path of a program, or skips the test if it is not
// installed. debian is the Debian package that has the program.
func Program(tb testing.TB, name, debian string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(tb, "%s: apt-get install %s", name, debian)
	}
	return path
}

// Time skips the test if go test runs with -short.
func Time(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		Skip(tb, "time: machines boot; run without -short")
	}
}

// CI is the environment variable that is true where nothing may be missing.
// .ci/run sets it, as do most services that run tests.
const CI = "CI"

// Skip skips the test and says what it needs. In CI it fails the test.
func Skip(tb testing.TB, format string, args ...any) {
	tb.Helper()
	line := strings.Join(strings.Fields(fmt.Sprintf("NEEDS "+format, args...)), " ") // an error may have several lines
	if os.Getenv(CI) == "true" {
		tb.Fatalf("%s; in CI, where %s is true, no test is skipped", line, CI)
	}
	if path := os.Getenv(File); path != "" {
		if err := add(path, line); err != nil {
			tb.Error(err)
		}
	}
	tb.Skip(line)
}

func add(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(line + "\n") // one write, because other processes append as well
	return err
}
