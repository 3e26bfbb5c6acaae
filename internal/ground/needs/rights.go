package needs

import (
	"os"
	"os/exec"
	"testing"
)

// Unprivileged returns a command that file modes stop from reading and writing,
// which they don't do to root. Where the tests run as root it is root's, without
// the privilege (CAP_DAC_OVERRIDE).
func Unprivileged(tb testing.TB, program string, args ...string) *exec.Cmd {
	tb.Helper()
	if os.Geteuid() != 0 {
		return exec.CommandContext(tb.Context(), program, args...)
	}
	setpriv := Program(tb, "setpriv", "util-linux")
	return exec.CommandContext(tb.Context(), setpriv, append([]string{"--bounding-set=-dac_override,-dac_read_search", program}, args...)...)
}

// ordinary is set in the process that Ordinary starts.
const ordinary = "ROCKPOOL_TEST_ORDINARY"

// Ordinary is for tests of what file modes forbid. It reports whether the test
// is to go on here. Where it is not, because root runs it, the test has been run
// by an Unprivileged process of its own, and has failed if it failed there.
func Ordinary(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 || os.Getenv(ordinary) != "" {
		return true
	}
	cmd := Unprivileged(t, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	// PostgreSQL can't be started without the privilege, and has nothing to do
	// with the modes of files.
	cmd.Env = append(os.Environ(), ordinary+"=1", "ROCKPOOL_TEST_DATABASE=")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("without root's privilege: %v\n%s", err, output)
	}
	return false
}
