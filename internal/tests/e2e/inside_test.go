package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// TestInside runs the usual first commands in a micro droplet.
func TestInside(t *testing.T) {
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	d := s.Up(micro("inside", key))
	shell := s.Login(d.ID, key, bootLimit)
	t.Run("programs", func(t *testing.T) { checkPrograms(t, shell) })
	t.Run("world", func(t *testing.T) {
		m := needMirror(t)
		if got := shell.Run("http_proxy=" + m.Proxy + " wget -T 30 -qO- " + m.release() + " | head -n 1"); got != "Origin: Debian" {
			t.Errorf("the mirror's file begins with %q", got)
		}
		if m.Proxy == "" { // else the name may be the proxy's to resolve
			expect(t, shell, "nslookup "+m.host()+" >/dev/null && echo resolved", "resolved")
		}
	})
	// busybox's own commands are in its shell, ours everywhere else.
	for _, command := range []string{"reboot", "busybox sh -c reboot", "shutdown -r now", "busybox reboot"} {
		t.Run(command, func(t *testing.T) {
			before := shell.Run("echo kept >/root/kept; " + bootID)
			_, _ = shell.Try(command, bootLimit) // the session may end before its answer
			shell, _ = rebooted(t, s, d.ID, key, before)
			expect(t, shell, "cat /root/kept", "kept")
		})
	}
	_, _ = shell.Try("busybox sh -c poweroff", bootLimit)
	s.Await(bootLimit, "a droplet that is off", func() error {
		if status := s.Droplet(d.ID).Status; status != "off" {
			return fmt.Errorf("it is %s", status)
		}
		return nil
	})
	s.Delete(d.ID)
}

// checkPrograms checks the output of each command, and the failure of those
// that should fail.
func checkPrograms(t *testing.T, shell *rockpooltest.Shell) {
	for command, want := range map[string]string{
		". /etc/os-release && echo $ID": "rockpool-micro",
		"echo $BASH":                    "/bin/bash",
		"hostname":                      "inside",
		"ip route get 203.0.113.80 | tr -s ' ' | grep -o 'via.*src [0-9.]*'":                 "via 172.16.254.2 dev eth0 src 172.16.254.15",
		"ping -c 1 -W 5 172.16.254.2 >/dev/null && echo answered":                            "answered",
		"wget -T 5 -qO- http://127.0.0.1:9/; echo $?":                                        "4", // GNU wget's network failure
		"printf 'secret-1\\nsecret-1\\n' | passwd root >/dev/null 2>&1; echo $?":             "0",
		"echo '* * * * * true' | crontab - && crontab -l":                                    "* * * * * true",
		"for i in $(seq 30); do pidof crond >/dev/null && echo runs && break; sleep 1; done": "runs",
		"top -b -n 1 | grep -q '[d]ropbear' && echo shown":                                   "shown",
		"df / | tail -n 1 | grep -c ' /$'":                                                   "1",
		"free | grep -c Mem":                                                                 "1",
		"dmesg | grep -c 'Linux version'":                                                    "1",
		"date +%Z":                                                                           "UTC",
		"shutdown tomorrow 2>&1; echo $?":                                                    "usage: shutdown [-h | -P | -H | -r] [now | +MINUTES]\n2",
	} {
		if got, err := shell.Try(command, bootLimit); err != nil || got != want {
			t.Errorf("in the droplet: %s\n got %q, %v\nwant %q", command, got, err, want)
		}
	}
	if got, err := shell.Try("ls /lib/terminfo/x", bootLimit); err != nil || !strings.Contains(got, "xterm-256color") {
		t.Errorf("the terminals known are %q, %v", got, err)
	}
}
