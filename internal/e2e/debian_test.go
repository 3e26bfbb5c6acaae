package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/e2e/rockpooltest"
)

// debianLimit is how long Debian may take to be reached, and again to finish
// its first boot, on a busy machine without hardware for it.
const debianLimit = 4 * time.Minute

func TestDebian(t *testing.T) {
	needMachines(t)
	image := imagetest.Debian12(t)
	s := rockpooltest.New(t)
	s.PlaceImage("debian-12-x64", image)
	s.Start()
	key := s.NewKey("laptop")
	r := request("debian.example.com", "debian-12-x64", "s-1vcpu-1gb", key)
	r.UserData = "#cloud-config\nwrite_files:\n- path: /root/written\n  content: by cloud-init\nruncmd:\n- echo ran >>/root/proof\n"
	began := time.Now()
	d := s.Up(r)
	shell := s.Login(d.ID, key, debianLimit)
	t.Logf("a login %.1f s after the create", time.Since(began).Seconds())
	status, err := shell.Try("cloud-init status --wait --long", debianLimit)
	if err != nil || !strings.Contains(status, "status: done") {
		t.Errorf("cloud-init ended with %v: %s\n%s", err, status, shell.Run("cat /run/cloud-init/result.json"))
	}
	t.Logf("cloud-init done %.1f s after the create", time.Since(began).Seconds())
	expect(t, shell, "cloud-init query v1.cloud_name", "digitalocean")
	expect(t, shell, "cloud-init query v1.instance_id", strconv.Itoa(d.ID))
	if result := shell.Run("cat /run/cloud-init/result.json"); !strings.Contains(result, "DataSourceDigitalOcean") || !strings.Contains(result, `"errors": []`) {
		t.Errorf("result.json is %s", result)
	}
	expect(t, shell, "hostname", "debian") // cloud-init's way with a full name
	expect(t, shell, "hostname --fqdn", "debian.example.com")
	expect(t, shell, "cat /root/written", "by cloud-init")
	expect(t, shell, "cat /root/proof", "ran")
	expect(t, shell, "cat /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_serial", fmt.Sprintf("DigitalOcean\n%d", d.ID))
	checkRootSize(t, shell, d.Disk)
	if failed := shell.Run("systemctl --failed --no-legend --plain"); failed != "" {
		t.Errorf("units failed: %s", failed)
	}

	before := shell.Run(bootID)
	_, _ = shell.Try("systemctl reboot", debianLimit) // the session may end before its answer
	s.Await(debianLimit, "a boot", func() error {
		shell = s.Login(d.ID, key, debianLimit)
		after, err := shell.Try(bootID, debianLimit)
		if err == nil && after == before {
			err = fmt.Errorf("boot_id is %s still", after)
		}
		return err
	})
	expect(t, shell, "cat /root/proof", "ran") // not again
	if got := s.Droplet(d.ID).Status; got != "active" {
		t.Errorf("after a reboot from inside the droplet is %s", got)
	}
	s.Delete(d.ID)
}

// checkRootSize wants the root file system to have all the disk but what its
// own tables and the boot partitions take.
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
