package needs

import (
	"os"
	"os/exec"
	"testing"
)

// Unprivileged returns a command to which file modes apply. If the tests run as
// root, the command runs as root without the capabilities that bypass file modes
// (CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, capabilities(7)).
func Unprivileged(tb testing.TB, program string, args ...string) *exec.Cmd {
	tb.Helper()
	if os.Geteuid() != 0 {
		return exec.CommandContext(tb.Context(), program, args...)
	}
	setpriv := Program(tb, "setpriv", "util-linux")
	return exec.CommandContext(tb.Context(), setpriv, append([]string{"--bounding-set=-dac_override,-dac_read_search", program}, args...)...)
}

// ordinary is the environment variable that marks the process started by
// Ordinary.
const ordinary = "ROCKPOOL_TEST_ORDINARY"

// Ordinary is for tests of what file modes forbid. It reports whether the test
// should continue in this process. If this process runs as root, Ordinary runs
// the test in an Unprivileged process, fails it if it failed there, and returns
// false.
func Ordinary(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 || os.Getenv(ordinary) != "" {
		return true
	}
	cmd := Unprivileged(t, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	// PostgreSQL can't be started without the capabilities, and such tests do not
	// depend on it.
	cmd.Env = append(os.Environ(), ordinary+"=1", "ROCKPOOL_TEST_DATABASE=")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("without root's privilege: %v\n%s", err, output)
	}
	return false
}
