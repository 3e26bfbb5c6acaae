// Package needs is for tests of what a machine may lack: a program, a right, or
// time. Such a test is skipped there, and make test tells why. In CI, which is
// to have all of it, the test fails.
package needs

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// File is the variable of the environment with the path of a file that gets a
// line for each skipped test. go test itself says nothing of skipped tests
// unless it is told to say everything. As scripts/needs names another file each
// time, and only skipped tests read the variable, go test never takes from its
// cache that something is missing.
const File = "ROCKPOOL_TEST_NEEDS"

// Program returns the path of a program that a Debian package has. Without the
// program the test is skipped.
func Program(tb testing.TB, name, debian string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(tb, "%s: apt-get install %s", name, debian)
	}
	return path
}

// Time skips the test if only short ones are wanted.
func Time(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		Skip(tb, "time: machines boot; run without -short")
	}
}

// CI is the variable of the environment that is set to true where nothing may
// be missing, by .ci/run and by most services that run tests.
const CI = "CI"

// Skip skips the test and says what it needs. In CI it fails the test.
func Skip(tb testing.TB, format string, args ...any) {
	tb.Helper()
	line := strings.Join(strings.Fields(fmt.Sprintf("NEEDS "+format, args...)), " ") // a program may have said it in several
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
	_, err = file.WriteString(line + "\n") // in one piece, as others write as well
	return err
}
