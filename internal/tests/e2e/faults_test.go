package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

func TestQEMUDies(t *testing.T) {
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	d := s.Up(micro("dies", key))
	before := s.Login(d.ID, key, bootLimit).Run(bootID)
	pid, _ := s.QEMU(d.ID)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.Await(rockpooltest.Patience, "the droplet to be off", func() error {
		if got := s.Droplet(d.ID).Status; got != "off" {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
	s.Act(d.ID, "power_on", "active")
	differ(t, before, s.Login(d.ID, key, bootLimit).Run(bootID))
	s.Delete(d.ID)
}

func TestQEMUMissing(t *testing.T) {
	s := withMicro(t)
	s.Env = []string{"PATH=" + t.TempDir()}
	s.Start()
	_, response, err := s.Client().Droplets.Create(t.Context(), micro("no-qemu"))
	if err == nil || response.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(err.Error(), "No hypervisor fits this Droplet") || !strings.Contains(err.Error(), "apt-get install qemu") {
		t.Errorf("the create: %v; want a refusal that says what to install", err)
	}
	s.AssertEmpty()
}

// TestGuestIgnoresShutdown stops the program in the guest that reacts to the power
// button.
func TestGuestIgnoresShutdown(t *testing.T) {
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	d := s.Up(micro("deaf", key))
	shell := s.Login(d.ID, key, bootLimit)
	shell.Run("for i in $(seq 300); do pidof acpid && break; usleep 100000; done; kill -STOP $(pidof acpid)")
	boot := shell.Run(bootID)
	s.Act(d.ID, "shutdown", "active")
	expect(t, shell, bootID, boot)
	s.Act(d.ID, "power_off", "off")
	s.Delete(d.ID)
}

// TestDropletSkipsAnAddressInUse makes another process listen on port 22 of
// the address that the first droplet would get. The droplet gets the next
// address and keeps port 22, because SSH to port 22 of its address must not
// reach another machine.
func TestDropletSkipsAnAddressInUse(t *testing.T) {
	s := withMicro(t)
	first := s.Addresses.Addr().Next().Next() // the one before is the gateway
	want := net.JoinHostPort(first.Next().String(), "22")
	taken, err := net.Listen("tcp4", net.JoinHostPort(first.String(), "22"))
	switch {
	case err == nil:
		defer taken.Close()
	case errors.Is(err, syscall.EACCES): // if this user cannot listen on port 22, QEMU cannot either
		want = net.JoinHostPort(first.String(), "2222")
	default:
		t.Fatal(err)
	}
	s.Start()
	key := s.NewKey("laptop")
	d := s.Up(micro("second-choice", key))
	if got := s.SSHAddress(d.ID); got != want {
		t.Errorf("SSH is at %s, want %s", got, want)
	}
	expect(t, s.LoginAt(want, key, bootLimit), "hostname", "second-choice")
	s.Delete(d.ID)
}
