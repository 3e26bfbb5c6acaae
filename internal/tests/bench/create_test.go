package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/digitalocean/godo"

	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

const (
	simulatedCreates = 300
	machineCreates   = 7
	pairs            = 7
)

// BenchmarkCreateSimulated measures the API and the action engine alone.
func BenchmarkCreateSimulated(b *testing.B) {
	// Simulated machines bind no address, so there can be many.
	s := rockpooltest.Start(b, "--compute", "simulated", "--addresses", "127.0.0.0/8", "--droplet-limit", "100000", "--log-level", "info")
	client := s.Client()
	var answered, completed samples
	for i := range simulatedCreates {
		began := time.Now()
		_, response, err := client.Droplets.Create(b.Context(), micro(fmt.Sprintf("sample-%d", i)))
		if err != nil {
			b.Fatal(err)
		}
		answer := time.Now()
		awaitAction(b, client, response.Links.Actions[0].ID)
		answered = append(answered, milliseconds(answer.Sub(began)))
		completed = append(completed, milliseconds(time.Since(answer)))
	}
	record(b, "simulated: POST to its 202, median", answered, answered.median(), "ms", 20)
	record(b, "simulated: POST to its 202, 95th percentile", answered, answered.quantile(0.95), "ms", 0)
	record(b, "simulated: 202 to action completed, median", completed, completed.median(), "ms", 50)
	record(b, "simulated: 202 to action completed, 95th percentile", completed, completed.quantile(0.95), "ms", 0)
	s.DeleteAll()
}

// BenchmarkCreateQEMU measures a create until QEMU runs. The image exists
// already.
func BenchmarkCreateQEMU(b *testing.B) {
	s := startWithMicro(b)
	client := s.Client()
	var running samples
	for i := range machineCreates {
		began := time.Now()
		d, response, err := client.Droplets.Create(b.Context(), micro(fmt.Sprintf("sample-%d", i)))
		if err != nil {
			b.Fatal(err)
		}
		awaitAction(b, client, response.Links.Actions[0].ID)
		running = append(running, milliseconds(time.Since(began)))
		s.Delete(d.ID)
		s.AssertEmpty()
	}
	record(b, "qemu: POST to QEMU running, median", running, running.median(), "ms", 500)
	record(b, "qemu: POST to QEMU running, slowest (the first after a start finds the accelerator)", running, running.quantile(1), "ms", 0)
}

// BenchmarkBanner compares a micro droplet, from its POST to the banner of
// its SSH server, with a bare QEMU that boots the same disk. The two
// alternate.
func BenchmarkBanner(b *testing.B) {
	s := startWithMicro(b)
	key := s.NewKey("laptop")
	settle(b, s, key)
	var droplets, bare, ratios samples
	for i := range pairs {
		began := time.Now()
		id, action := s.Create(micro(fmt.Sprintf("pair-%d", i), key))
		s.Completed(action, rockpooltest.Patience)
		address := s.SSHAddress(id)
		if err := rockpooltest.AwaitBanner(address, rockpooltest.Patience); err != nil {
			b.Fatal(err)
		}
		droplet := time.Since(began).Seconds()
		machine := bareLike(b, s, id, i)
		s.Delete(id)
		s.AssertEmpty()
		alone := machine.boot(b, address)
		b.Logf("pair %d: droplet %.3f s, bare QEMU %.3f s, ratio %.3f", i, droplet, alone, droplet/alone)
		droplets, bare, ratios = append(droplets, droplet), append(bare, alone), append(ratios, droplet/alone)
	}
	record(b, "micro: POST to SSH banner, median", droplets, droplets.median(), "s", 0)
	record(b, "micro: bare QEMU to SSH banner, median", bare, bare.median(), "s", 0)
	record(b, "micro: droplet / bare QEMU, median of the pairs", ratios, ratios.median(), "times", 1.15)
}

// settle creates one droplet that is not measured, so that the server has
// done its one-time work.
func settle(b *testing.B, s *rockpooltest.Server, key rockpooltest.Key) {
	b.Helper()
	d := s.Up(micro("first", key))
	if err := rockpooltest.AwaitBanner(s.SSHAddress(d.ID), rockpooltest.Patience); err != nil {
		b.Fatal(err)
	}
	s.Delete(d.ID)
	s.AssertEmpty()
}

func startWithMicro(b *testing.B) *rockpooltest.Server {
	b.Helper()
	image := imagetest.Micro(b)
	s := rockpooltest.New(b, "--log-level", "info")
	s.PlaceImage("micro", image)
	s.Start()
	return s
}

func micro(name string, keys ...rockpooltest.Key) *godo.DropletCreateRequest {
	r := &godo.DropletCreateRequest{Name: name, Region: "nyc3", Size: "s-1vcpu-256mb",
		Image: godo.DropletCreateImage{Slug: "micro"}}
	for _, k := range keys {
		r.SSHKeys = append(r.SSHKeys, godo.DropletCreateSSHKey{ID: k.ID})
	}
	return r
}

// awaitAction polls at short intervals, so that it sees the end of the action
// in time.
func awaitAction(b *testing.B, client *godo.Client, id int) {
	b.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		a, _, err := client.Actions.Get(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		switch a.Status {
		case godo.ActionCompleted:
			return
		case godo.ActionInProgress:
			<-tick.C
		default:
			b.Fatalf("action %d is %s", id, a.Status)
		}
	}
}
