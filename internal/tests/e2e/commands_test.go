package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// TestServeSaysWhyItCannotStart starts servers that cannot serve. Each
// reports the reason and exits with a status that is not 0.
func TestServeSaysWhyItCannotStart(t *testing.T) {
	s := rockpooltest.Start(t, "--compute", "simulated", "--listen", "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "data")
	address := strings.TrimPrefix(s.URL, "http://")
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"data in use", []string{"--data", s.Data, "--listen", "127.0.0.1:0"}, []string{"another rockpool", s.Data, "--data"}},
		{"port in use", []string{"--data", elsewhere, "--listen", address}, []string{address, "address already in use", "--listen"}},
		{"data below a file", []string{"--data", filepath.Join(file, "data")}, []string{file, "not a directory"}},
		{"data a file", []string{"--data", file}, []string{file}},
		{"addresses not loopback", []string{"--data", elsewhere, "--addresses", "10.0.0.0/16"}, []string{"--addresses", "127.0.0.0/8"}},
		{"addresses too few", []string{"--data", elsewhere, "--addresses", "127.9.0.0/30"}, []string{"/24"}},
		{"unknown region", []string{"--data", elsewhere, "--listen", "127.0.0.1:0", "--regions", "moon1"}, []string{"moon1", "nyc3"}},
		{"unknown engine", []string{"--data", elsewhere, "--compute", "steam"}, []string{"steam", "simulated"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			output, err := s.Run(append([]string{"serve"}, c.args...)...)
			if err == nil {
				t.Fatalf("it ended well: %s", output)
			}
			for _, want := range c.want {
				if !strings.Contains(output, want) {
					t.Errorf("%q is not in what it said: %s", want, output)
				}
			}
			if lines := strings.Count(strings.TrimSpace(output), "\n"); lines > 3 || strings.Contains(output, "goroutine ") {
				t.Errorf("it said too much: %s", output)
			}
		})
	}
	if _, _, err := s.Client().Account.Get(t.Context()); err != nil {
		t.Errorf("the first server suffered: %v", err)
	}
}

func TestUnwritableData(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	output, err := needs.Unprivileged(t, rockpooltest.Binary, "serve", "--data", data).CombinedOutput()
	if err == nil || !strings.Contains(string(output), "permission denied") || !strings.Contains(string(output), dir) {
		t.Errorf("got %v: %s", err, output)
	}
}

func TestTokens(t *testing.T) {
	s := rockpooltest.Start(t, "--compute", "simulated")
	if n := s.LogCount(s.Token); n != 0 {
		t.Errorf("%d lines of what the program has written show the token", n)
	}
	info, err := os.Stat(filepath.Join(s.Data, "token"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v; want mode 0600", info.Mode(), err)
	}
	first := s.Token
	output, err := s.Run("token", "create", "--name", "second")
	if err != nil {
		t.Fatal(err, output)
	}
	second := strings.TrimSpace(output)
	s.Restart()
	checkToken(t, s, first, http.StatusOK)
	checkToken(t, s, second, http.StatusOK)
	checkToken(t, s, "dop_v1_"+strings.Repeat("0", 64), http.StatusUnauthorized)
	output, err = s.Run("token", "list")
	if err != nil || !strings.Contains(output, "second") || strings.Contains(output, second) {
		t.Errorf("the list of tokens (%v):\n%s", err, output)
	}
	if output, err = s.Run("token", "revoke", "second"); err != nil {
		t.Error(err, output)
	}
	checkToken(t, s, second, http.StatusUnauthorized)
	checkToken(t, s, first, http.StatusOK)
	s.Token = first
}

func checkToken(t *testing.T, s *rockpooltest.Server, token string, want int) {
	t.Helper()
	s.Token = token
	if _, response, err := s.Client().Account.Get(t.Context()); response == nil || response.StatusCode != want {
		t.Errorf("the token is answered %v, want %d", err, want)
	}
}

func TestDoctor(t *testing.T) {
	s := rockpooltest.New(t)
	output, err := s.Run("doctor")
	for _, want := range []string{"QEMU", "qemu-img", "accelerator", "images", "port 22", "disk"} {
		if !strings.Contains(output, want) {
			t.Errorf("the doctor says nothing of %s", want)
		}
	}
	sick := strings.Contains(output, "FAIL")
	if sick != (err != nil) {
		t.Errorf("the doctor ended with %v and said:\n%s", err, output)
	}

	s.Env = []string{"PATH=" + t.TempDir()}
	output, err = s.Run("doctor")
	if err == nil {
		t.Error("the doctor finds nothing wrong with a machine without QEMU")
	}
	for _, want := range []string{"FAIL", "apt-get install qemu-system-x86", "apt-get install qemu-utils", "can't run here"} {
		if !strings.Contains(output, want) {
			t.Errorf("without QEMU the doctor does not say %q:\n%s", want, output)
		}
	}
}
