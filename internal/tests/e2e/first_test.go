package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/digitalocean/godo"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// settled waits until user data has run, which is the last step of a first boot.
const settled = `for i in $(seq 300); do [ -s /root/proof ] && break; usleep 100000; done; sync; cat /root/proof`

func TestFirstDroplet(t *testing.T) {
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	request := micro("first.example.com", key)
	request.UserData = "#!/bin/sh\necho ran >>/root/proof\n"
	d := s.Up(request)
	if d.Status != "active" || d.Locked || d.Name != "first.example.com" || d.Memory != 256 || d.Image.Slug != "micro" {
		t.Errorf("the droplet is %+v", d)
	}
	shell := s.Login(d.ID, key, bootLimit)
	if got := shell.Run(settled); got != "ran" {
		t.Errorf("user data wrote %q, want one run", got)
	}
	expect(t, shell, "hostname", "first.example.com")
	expect(t, shell, "cat /root/.ssh/authorized_keys", key.Authorized)
	t.Run("metadata", func(t *testing.T) { checkMetadata(t, s, shell, d, key) })
	t.Run("power", func(t *testing.T) { checkPower(t, s, shell, d.ID, key) })
	s.Delete(d.ID)
	response, err := s.Client().Droplets.Delete(t.Context(), d.ID)
	if err == nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("a second delete was answered %v", err)
	}
}

func checkMetadata(t *testing.T, s *rockpooltest.Server, shell *rockpooltest.Shell, d *godo.Droplet, key rockpooltest.Key) {
	const get = "wget -qO- http://169.254.169.254"
	expect(t, shell, get+"/metadata/v1/id", fmt.Sprint(d.ID))
	expect(t, shell, get+"/metadata/v1/hostname", d.Name)
	expect(t, shell, get+"/metadata/v1/region", "nyc3")
	var document struct {
		ID         int      `json:"droplet_id"`
		Hostname   string   `json:"hostname"`
		UserData   string   `json:"user_data"`
		PublicKeys []string `json:"public_keys"`
		Interfaces struct {
			Public []struct {
				MAC  string `json:"mac"`
				IPv4 struct {
					Address string `json:"ip_address"`
				} `json:"ipv4"`
			} `json:"public"`
		} `json:"interfaces"`
	}
	if err := json.Unmarshal([]byte(shell.Run(get+"/metadata/v1.json")), &document); err != nil {
		t.Fatal(err)
	}
	if document.ID != d.ID || document.Hostname != d.Name || !strings.Contains(document.UserData, "/root/proof") ||
		len(document.PublicKeys) != 1 || document.PublicKeys[0] != key.Authorized || len(document.Interfaces.Public) != 1 {
		t.Fatalf("v1.json is %+v", document)
	}
	public := document.Interfaces.Public[0]
	expect(t, shell, "cat /sys/class/net/eth0/address", public.MAC)
	if addresses := shell.Run("ip -4 addr show eth0"); !strings.Contains(addresses, " "+public.IPv4.Address+"/") {
		t.Errorf("the guest does not have %s, which its metadata says:\n%s", public.IPv4.Address, addresses)
	}
	var self struct{ Droplet godo.Droplet }
	if err := json.Unmarshal([]byte(shell.Run(get+"/v2/droplets/self")), &self); err != nil {
		t.Fatal(err)
	}
	if self.Droplet.ID != d.ID || self.Droplet.Status != "active" {
		t.Errorf("droplets/self is %+v", self.Droplet)
	}
	const raw = `(printf "%s %s HTTP/1.0\r\nHost: 169.254.169.254\r\n\r\n"; sleep 1) | nc 169.254.169.254 80`
	for _, c := range []struct{ method, path, want string }{
		{"HEAD", "/metadata/v1/id", "200"},
		{"GET", "/metadata/v1/nothing", "404"},
		{"HEAD", "/nothing", "404"},
	} {
		answer := shell.Run(fmt.Sprintf(raw, c.method, c.path))
		status, rest, _ := strings.Cut(answer, "\n")
		if !strings.Contains(status, " "+c.want+" ") {
			t.Errorf("%s %s was answered %q, want %s", c.method, c.path, status, c.want)
		}
		if _, body, _ := strings.Cut(rest, "\r\n\r\n"); c.method == "HEAD" && body != "" {
			t.Errorf("HEAD %s was answered with a body: %q", c.path, body)
		}
	}
}

// checkPower takes a running droplet through all power actions and leaves it
// off.
func checkPower(t *testing.T, s *rockpooltest.Server, shell *rockpooltest.Shell, id int, key rockpooltest.Key) {
	before := shell.Run(bootID)
	shell.Run("echo kept >/root/kept && sync")
	s.Act(id, "power_on", "active") // as Ansible does after every create
	if now := shell.Run(bootID); now != before {
		t.Errorf("power_on of a running droplet booted it: %q, was %q", now, before)
	}

	s.Act(id, "power_off", "off")
	refused(t, s, id, "power_off", "Droplet is already powered off")
	s.Resize(id, "512mb", true)
	if d := s.Droplet(id); d.SizeSlug != "512mb" || d.Memory != 512 || d.Disk != 20 || d.Status != "off" {
		t.Errorf("after the resize the droplet is %s, %d MB, %d GB, %s", d.SizeSlug, d.Memory, d.Disk, d.Status)
	}
	s.Act(id, "power_on", "active")
	shell = s.Login(id, key, bootLimit)
	expect(t, shell, "cat /sys/block/vda/size", fmt.Sprint(20<<30/512)) // sectors
	expect(t, shell, `awk '/MemTotal/ { print ($2 > 400000) }' /proc/meminfo`, "1")
	after := shell.Run(bootID)
	differ(t, before, after)
	expect(t, shell, "cat /root/kept", "kept")

	before = after
	s.Act(id, "power_cycle", "active")
	shell, after = rebooted(t, s, id, key, before)
	differ(t, before, after)
	expect(t, shell, "cat /root/proof", "ran") // only once

	before = after
	s.Act(id, "reboot", "active")
	shell, after = rebooted(t, s, id, key, before)
	differ(t, before, after)
	expect(t, shell, "hostname", "first.example.com")

	s.Act(id, "shutdown", "off")
	// A relay may finish the last request of the guest a moment later.
	s.Await(10*time.Second, "the end of the droplet's processes", func() error {
		if pids := s.Processes(fmt.Sprintf("droplets/%d", id)); len(pids) > 0 {
			return fmt.Errorf("the droplet is off and has the processes %v", pids)
		}
		return nil
	})
}

// rebooted logs in to a machine whose previous run may not have ended yet.
func rebooted(t *testing.T, s *rockpooltest.Server, id int, key rockpooltest.Key, before string) (shell *rockpooltest.Shell, after string) {
	t.Helper()
	s.Await(bootLimit, "a boot", func() (err error) {
		shell = s.Login(id, key, bootLimit)
		after, err = shell.Try(bootID, bootLimit)
		if err == nil && after == before {
			err = fmt.Errorf("boot_id is %s still", after)
		}
		return err
	})
	return shell, after
}

func refused(t *testing.T, s *rockpooltest.Server, id int, actionType, message string) {
	t.Helper()
	_, err := s.Ask(id, actionType)
	if err == nil || !strings.Contains(err.Error(), message) {
		t.Errorf("%s: got error %v, want %q", actionType, err, message)
	}
	if answer, ok := err.(*godo.ErrorResponse); ok && answer.Response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%s was answered %s", actionType, answer.Response.Status)
	}
}
