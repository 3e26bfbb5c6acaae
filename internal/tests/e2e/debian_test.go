package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// debianLimit is how long Debian may take to be reached, and again to finish
// its first boot, on a busy machine without hardware for it.
const debianLimit = 8 * time.Minute

// debianUserData installs a web server from Debian's packages. Its page is written
// before the package is installed.
const debianUserData = `#cloud-config
package_update: true
packages: [nginx-light]
write_files:
- path: /var/www/html/index.html
  content: written by cloud-init
runcmd:
- echo ran >>/root/proof
`

func TestDebian(t *testing.T) {
	needMachines(t)
	m := needMirror(t)
	image := imagetest.Debian12(t)
	s := rockpooltest.New(t, "--forward", "22,80")
	s.PlaceImage("debian-12-x64", image)
	s.Start()
	key := s.NewKey("laptop")
	r := request("debian.example.com", "debian-12-x64", "s-1vcpu-1gb", key)
	r.UserData = debianUserData + m.cloudConfig()
	began := time.Now()
	d := s.Up(r)
	shell := s.Login(d.ID, key, debianLimit)
	t.Logf("a login %.1f s after the create", time.Since(began).Seconds())
	status, err := shell.Try("cloud-init status --wait --long", debianLimit)
	if err != nil || !strings.Contains(status, "status: done") {
		t.Errorf("cloud-init ended with %v: %s\n%s", err, status, shell.Run("cat /run/cloud-init/result.json; tail -n 50 /var/log/cloud-init-output.log"))
	}
	t.Logf("cloud-init done %.1f s after the create", time.Since(began).Seconds())
	expect(t, shell, "cloud-init query v1.cloud_name", "digitalocean")
	expect(t, shell, "cloud-init query v1.instance_id", strconv.Itoa(d.ID))
	if result := shell.Run("cat /run/cloud-init/result.json"); !strings.Contains(result, "DataSourceDigitalOcean") || !strings.Contains(result, `"errors": []`) {
		t.Errorf("result.json is %s", result)
	}
	expect(t, shell, "grep WARN /var/log/cloud-init.log || echo none", "none")
	expect(t, shell, "hostname", "debian") // cloud-init sets the first label of a full name
	expect(t, shell, "hostname --fqdn", "debian.example.com")
	expect(t, shell, "cat /root/proof", "ran")
	expect(t, shell, "cat /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_serial", fmt.Sprintf("DigitalOcean\n%d", d.ID))
	checkRootSize(t, shell, d.Disk)
	checkDebianNetwork(t, shell, m)
	checkDebianPrograms(t, shell)
	checkWeb(t, s, d.ID)

	before, hostKey := shell.Run(bootID), shell.Run("cat /etc/ssh/ssh_host_ed25519_key.pub")
	_, _ = shell.Try("reboot", bootLimit) // the session may end before its answer
	s.Await(debianLimit, "a boot", func() error {
		shell = s.Login(d.ID, key, debianLimit)
		after, err := shell.Try(bootID, bootLimit)
		if err == nil && after == before {
			err = fmt.Errorf("boot_id is %s still", after)
		}
		return err
	})
	expect(t, shell, "cat /root/proof", "ran") // only once
	expect(t, shell, "cat /etc/ssh/ssh_host_ed25519_key.pub", hostKey)
	checkWeb(t, s, d.ID)
	if got := s.Droplet(d.ID).Status; got != "active" {
		t.Errorf("after a reboot from inside the droplet is %s", got)
	}
	_, _ = shell.Try("poweroff", bootLimit)
	s.Await(debianLimit, "a droplet that is off", func() error {
		if status := s.Droplet(d.ID).Status; status != "off" {
			return fmt.Errorf("it is %s", status)
		}
		return nil
	})
	s.Delete(d.ID)
}

// checkDebianNetwork checks the guest's addresses and routes, name resolution, and
// the metadata service.
func checkDebianNetwork(t *testing.T, shell *rockpooltest.Shell, m mirror) {
	expect(t, shell, "ip -4 -brief address show dev eth0 scope global | awk '{print $3}'", "172.16.254.15/24")
	expect(t, shell, "ip route get 203.0.113.80 | grep -o 'via.*src [0-9.]*'", "via 172.16.254.2 dev eth0 src 172.16.254.15")
	expect(t, shell, "ping -c 1 -W 10 172.16.254.2 >/dev/null && echo answered", "answered")
	if m.Proxy == "" { // else the name may be the proxy's to resolve
		expect(t, shell, "resolvectl query --legend=no "+m.host()+" >/dev/null && echo resolved", "resolved")
	}
	expect(t, shell, "curl -sS -m 30 http://169.254.169.254/metadata/v1/region", "nyc3")
}

// checkDebianPrograms checks that the image behaves as any other Debian, and that
// nothing of its build is left.
func checkDebianPrograms(t *testing.T, shell *rockpooltest.Shell) {
	for command, want := range map[string]string{
		"systemctl --failed --no-legend --plain":                                                    "",
		"systemctl is-active ssh systemd-timesyncd systemd-resolved nginx":                          "active\nactive\nactive\nactive",
		"dpkg --audit; apt-get check -qq":                                                           "",
		"apt-config dump APT::Install-Recommends":                                                   `APT::Install-Recommends "1";`,
		"ls /usr/sbin/policy-rc.d /sbin/*.REAL /etc/apt/apt.conf.d/*mmdebstrap 2>/dev/null || true": "",
		"sudo -n id -un": "root",
		"adduser --disabled-password --gecos '' ann >/dev/null && id -un ann": "ann",
		"timedatectl show --property Timezone --value":                        "Etc/UTC",
		"locale 2>&1 | grep -c -i 'cannot set' || true":                       "0",
		"journalctl --boot --lines 1 --quiet --output cat | wc -l":            "1",
	} {
		expect(t, shell, command, want)
	}
}

// checkWeb reads a page of the droplet from outside.
func checkWeb(t *testing.T, s *rockpooltest.Server, id int) {
	t.Helper()
	client := http.Client{Timeout: 20 * time.Second}
	s.Await(debianLimit, "the droplet's web server", func() error {
		answer, err := client.Get("http://" + s.Forwarded(id, 80))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		page, err := io.ReadAll(answer.Body)
		if err == nil && string(page) != "written by cloud-init" {
			err = fmt.Errorf("%s: %q", answer.Status, page)
		}
		return err
	})
}

// checkRootSize checks that the root file system occupies the whole disk, except
// for its own tables and the boot partitions.
func checkRootSize(t *testing.T, shell *rockpooltest.Shell, diskGB int) {
	t.Helper()
	text := shell.Run("df --block-size=1 --output=size / | tail -n 1")
	size, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if disk := int64(diskGB) << 30; size < disk*9/10 || size > disk {
		t.Errorf("the root file system has %d bytes of a disk of %d", size, disk)
	}
}
