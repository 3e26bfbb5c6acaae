package e2e

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/rockpool-cloud/rockpool/internal/e2e/rockpooltest"
	"github.com/rockpool-cloud/rockpool/internal/needs"
)

// TestLogin logs in and reads the console's log by the commands for it, which
// find the droplet by its name.
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
	shell.Run("echo from the guest >/dev/console")
	output, err := s.Run("logs", fmt.Sprint(d.ID))
	if err != nil || !strings.Contains(output, "Linux version") || !strings.Contains(output, "from the guest") {
		t.Errorf("the log (%v):\n%s", err, output)
	}
	s.Act(d.ID, "power_off", "off")
	if output, err := s.Run("ssh", "web-1"); err == nil || !strings.Contains(output, fmt.Sprintf("web-1 is off; switch it on with: doctl compute droplet-action power-on %d", d.ID)) {
		t.Errorf("ssh to a droplet that is off: %v, %s", err, output)
	}
	if output, err := s.Run("logs", "web-1"); err != nil || !strings.Contains(output, "from the guest") {
		t.Errorf("the log of a droplet that is off (%v):\n%s", err, output)
	}
	s.Delete(d.ID)
}

// identity writes a key as ssh takes it.
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
