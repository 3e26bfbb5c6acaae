// Package e2e tests the real program from outside: by godo, DigitalOcean's own
// client, as its users do, and by SSH.
package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/digitalocean/godo"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// bootLimit is how long a micro machine may take to be reached, on a busy
// machine.
const bootLimit = 60 * time.Second

func TestMain(m *testing.M) { os.Exit(rockpooltest.Main(m)) }

// withMicro returns a server, not started, that has the micro image.
func withMicro(t *testing.T, flags ...string) *rockpooltest.Server {
	t.Helper()
	needMachines(t)
	image := imagetest.Micro(t)
	s := rockpooltest.New(t, flags...)
	s.PlaceImage("micro", image)
	return s
}

func needMachines(t *testing.T) {
	t.Helper()
	needs.Program(t, "qemu-system-x86_64", "qemu-system-x86")
	needs.Program(t, "qemu-img", "qemu-utils")
	needs.Time(t)
}

func micro(name string, keys ...rockpooltest.Key) *godo.DropletCreateRequest {
	return request(name, "micro", "s-1vcpu-256mb", keys...)
}

func request(name, image, size string, keys ...rockpooltest.Key) *godo.DropletCreateRequest {
	r := &godo.DropletCreateRequest{Name: name, Region: "nyc3", Size: size, Image: godo.DropletCreateImage{Slug: image}}
	for _, k := range keys {
		r.SSHKeys = append(r.SSHKeys, godo.DropletCreateSSHKey{ID: k.ID})
	}
	return r
}

// expect fails the test unless a command in the droplet prints what is wanted.
func expect(t *testing.T, shell *rockpooltest.Shell, command, want string) {
	t.Helper()
	if got := shell.Run(command); got != want {
		t.Errorf("in the droplet: %s\n got %q\nwant %q", command, got, want)
	}
}

const bootID = "cat /proc/sys/kernel/random/boot_id"

// differ fails the test if both boot ids are the same.
func differ(t *testing.T, before, after string) {
	t.Helper()
	if before == after {
		t.Errorf("the machine did not boot again: boot_id is %s still", after)
	}
}
