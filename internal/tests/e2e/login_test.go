package e2e

import (
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// TestLogin uses the commands ssh, console and logs, which find the droplet
// by its name.
func TestLogin(t *testing.T) {
	needs.Program(t, "ssh", "openssh-client")
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	d := s.Up(micro("web-1", key))
	shell := s.Login(d.ID, key, bootLimit)
	t.Run("ssh", func(t *testing.T) {
		output, err := s.Run("ssh", "web-1", "--", "-o", "UserKnownHostsFile="+filepath.Join(t.TempDir(), "known"), "-o", "BatchMode=yes",
			"-o", "LogLevel=ERROR", "-i", identity(t, key), "hostname; id -un")
		if err != nil || output != "web-1\nroot\n" {
			t.Errorf("%v: %s", err, output)
		}
	})
	t.Run("console", func(t *testing.T) { checkConsole(t, s, shell) })
	output, err := s.Run("logs", fmt.Sprint(d.ID))
	if err != nil || !strings.Contains(output, "Linux version") || !strings.Contains(output, "from the guest") {
		t.Errorf("the log (%v):\n%s", err, output)
	}
	s.Act(d.ID, "power_off", "off")
	for _, command := range []string{"ssh", "console"} {
		if output, err := s.Run(command, "web-1"); err == nil || !strings.Contains(output, fmt.Sprintf("web-1 is off; switch it on with: doctl compute droplet-action power-on %d", d.ID)) {
			t.Errorf("%s of a droplet that is off: %v, %s", command, err, output)
		}
	}
	if output, err := s.Run("logs", "web-1"); err != nil || !strings.Contains(output, "from the guest") {
		t.Errorf("the log of a droplet that is off (%v):\n%s", err, output)
	}
	s.Delete(d.ID)
}

// checkConsole sends a line in each direction while a second client tries to
// connect.
func checkConsole(t *testing.T, s *rockpooltest.Server, shell *rockpooltest.Shell) {
	cmd := exec.CommandContext(t.Context(), rockpooltest.Binary, "console", "--data", s.Data, "web-1")
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var seen shared
	cmd.Stdout, cmd.Stderr = &seen, &seen
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	saw := func(text string) {
		t.Helper()
		s.Await(20*time.Second, fmt.Sprintf("%q at the console", text), func() error {
			if got := seen.String(); !strings.Contains(got, text) {
				return fmt.Errorf("it shows %q", got)
			}
			return nil
		})
	}
	saw("leave it with Ctrl-]")
	shell.Run("echo from the guest >/dev/console")
	saw("from the guest")
	shell.Run("(head -n1 /dev/ttyS0 >/root/typed) >/dev/null 2>&1 &")
	s.Await(20*time.Second, "what is typed to reach the guest", func() error {
		if _, err := io.WriteString(keys, "to the guest\r\n"); err != nil {
			return err
		}
		if got := shell.Run("cat /root/typed"); !strings.Contains(got, "to the guest") {
			return fmt.Errorf("it has read %q", got)
		}
		return nil
	})
	if output, err := s.Run("console", "web-1"); err == nil || !strings.Contains(output, "somebody is at this console already") {
		t.Errorf("a second visitor: %v, %s", err, output)
	}
	if _, err := keys.Write([]byte{0x1d}); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("who leaves: %v, %s", err, seen.String())
	}
}

// identity writes a private key to a file for ssh -i.
func identity(t *testing.T, key rockpooltest.Key) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key.Private, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// shared stores the output of a process. A test can read it while the process
// runs.
type shared struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
