package e2e

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/e2e/rockpooltest"
)

const (
	tortureKills   = 15
	tortureClients = 4
	longestLife    = 900 * time.Millisecond // of the server
)

// TestTorture has clients work while the server crashes again and again. What
// a client was told must have become true by the end.
func TestTorture(t *testing.T) {
	s := rockpooltest.Start(t, "--compute", "simulated", "--addresses", "127.0.0.0/8", "--droplet-limit", "100000")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	stop := make(chan struct{})
	clients := make([]*torturer, tortureClients)
	var working sync.WaitGroup
	for i := range clients {
		clients[i] = newTorturer(t, s, i, rand.New(rand.NewPCG(seed, uint64(i))))
		working.Go(func() { clients[i].work(stop) })
	}
	random := rand.New(rand.NewPCG(seed, tortureClients))
	for range tortureKills {
		// The moment of a crash is what is tried, not an event that could be waited for.
		<-time.After(time.Duration(random.Int64N(int64(longestLife))))
		s.Kill()
		s.Start()
	}
	close(stop)
	working.Wait()
	s.Await(rockpooltest.Patience, "all actions to end", s.Idle)
	judge(t, s, clients)
	s.DeleteAll()
}

// judge compares the server's state with what the clients were told.
func judge(t *testing.T, s *rockpooltest.Server, clients []*torturer) {
	droplets := everyDroplet(t, s)
	actions := everyAction(t, s)
	latest := map[int]rockpooltest.Action{} // that completed, by droplet
	for _, a := range actions {
		if a.Status == "in-progress" {
			t.Errorf("action %d is in progress still", a.ID)
		}
		if a.Status == "completed" && a.ID > latest[a.ResourceID].ID {
			latest[a.ResourceID] = a
		}
	}
	names := map[string]bool{}
	told := 0
	for _, c := range clients {
		for name := range c.tried {
			names[name] = true
		}
		for id, fate := range c.droplets {
			told++
			d, exists := droplets[id]
			if exists == (fate == deleted) && fate != unknown {
				t.Errorf("droplet %d: exists %v, but the client knows it %s", id, exists, fate)
			}
			if exists && (d.Locked || d.Status != statusAfter[latest[id].Type]) {
				t.Errorf("droplet %d is %s, locked %v; its latest action was %s", id, d.Status, d.Locked, latest[id].Type)
			}
		}
		for id, droplet := range c.actions {
			a, exists := actions[id]
			switch {
			case !exists:
				t.Errorf("action %d of droplet %d was answered and is not there", id, droplet)
			case a.ResourceID != droplet:
				t.Errorf("action %d is of droplet %d, was of %d", id, a.ResourceID, droplet)
			case a.Status != "completed" && c.droplets[droplet] == kept:
				t.Errorf("action %d, %s of droplet %d, ended %s: %s", id, a.Type, droplet, a.Status, a.Error)
			}
		}
	}
	for id, d := range droplets {
		if !names[d.Name] {
			t.Errorf("droplet %d, %s, was asked for by nobody or refused", id, d.Name)
		}
	}
	t.Logf("%d droplets and %d actions, %d droplets answered", len(droplets), len(actions), told)
	if told < tortureKills || len(actions) < 2*tortureKills {
		t.Error("too little was done to say anything")
	}
}

var statusAfter = map[string]string{
	"create": "active", "power_on": "active", "power_cycle": "active", "reboot": "active",
	"power_off": "off", "shutdown": "off",
}

func everyDroplet(t *testing.T, s *rockpooltest.Server) map[int]rockpooltest.Droplet {
	t.Helper()
	all := map[int]rockpooltest.Droplet{}
	for page := 1; ; page++ {
		droplets, err := s.DropletsPage(page)
		if err != nil {
			t.Fatal(err)
		}
		if len(droplets) == 0 {
			return all
		}
		for _, d := range droplets {
			if _, twice := all[d.ID]; twice {
				t.Fatalf("droplet %d is on two pages", d.ID)
			}
			all[d.ID] = d
		}
	}
}

func everyAction(t *testing.T, s *rockpooltest.Server) map[int]rockpooltest.Action {
	t.Helper()
	all := map[int]rockpooltest.Action{}
	for page := 1; ; page++ {
		var body struct{ Actions []rockpooltest.Action }
		if err := s.Get(fmt.Sprintf("actions?per_page=200&page=%d", page), &body); err != nil {
			t.Fatal(err)
		}
		if len(body.Actions) == 0 {
			return all
		}
		for _, a := range body.Actions {
			all[a.ID] = a
		}
	}
}
