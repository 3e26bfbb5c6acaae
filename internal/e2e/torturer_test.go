package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/digitalocean/godo"

	"github.com/rockpool-cloud/rockpool/internal/e2e/rockpooltest"
)

// fate is what a client knows of a droplet that it was told of.
type fate string

const (
	kept    fate = "kept"
	deleted fate = "deleted"
	unknown fate = "perhaps deleted" // the answer was lost
)

// torturer is a client that remembers all that it was told.
type torturer struct {
	t      *testing.T
	api    *godo.Client
	name   string
	random *rand.Rand

	created  int
	tried    map[string]bool // names of creates that were answered well, or whose answer was lost
	droplets map[int]fate
	actions  map[int]int // droplets, by action
	mine     []int       // droplets to work on
}

func newTorturer(t *testing.T, s *rockpooltest.Server, number int, random *rand.Rand) *torturer {
	return &torturer{t: t, api: s.Client(), name: fmt.Sprintf("client-%d", number), random: random,
		tried: map[string]bool{}, droplets: map[int]fate{}, actions: map[int]int{}}
}

// work does one thing after another until stop is closed.
func (c *torturer) work(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		var err error
		switch n := c.random.IntN(10); {
		case len(c.mine) == 0 || n < 2:
			err = c.create()
		case n < 8:
			err = c.act(c.mine[c.random.IntN(len(c.mine))])
		case n < 9:
			err = c.watch(c.mine[c.random.IntN(len(c.mine))])
		default:
			err = c.delete(c.random.IntN(len(c.mine)))
		}
		if lost(err) {
			// The server is down: no need to ask it a thousand times a second.
			select {
			case <-stop:
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

func (c *torturer) create() error {
	c.created++
	name := fmt.Sprintf("%s-%d", c.name, c.created)
	d, response, err := c.api.Droplets.Create(c.t.Context(), micro(name))
	switch {
	case err == nil:
		c.tried[name] = true
		c.droplets[d.ID] = kept
		c.mine = append(c.mine, d.ID)
		c.actions[response.Links.Actions[0].ID] = d.ID
	case lost(err):
		c.tried[name] = true
	default:
		c.t.Errorf("create: %v", err)
	}
	return err
}

func (c *torturer) act(droplet int) error {
	actions := c.api.DropletActions
	all := []func() (*godo.Action, *godo.Response, error){
		func() (*godo.Action, *godo.Response, error) { return actions.PowerOn(c.t.Context(), droplet) },
		func() (*godo.Action, *godo.Response, error) { return actions.PowerOff(c.t.Context(), droplet) },
		func() (*godo.Action, *godo.Response, error) { return actions.PowerCycle(c.t.Context(), droplet) },
		func() (*godo.Action, *godo.Response, error) { return actions.Reboot(c.t.Context(), droplet) },
		func() (*godo.Action, *godo.Response, error) { return actions.Shutdown(c.t.Context(), droplet) },
	}
	a, response, err := all[c.random.IntN(len(all))]()
	switch {
	case err == nil:
		c.actions[a.ID] = droplet
	case lost(err) || response.StatusCode == http.StatusUnprocessableEntity: // already so, or an action pending
	default:
		c.t.Errorf("action on droplet %d: %v", droplet, err)
	}
	return err
}

// watch sees whether the droplet has more than one unfinished action.
func (c *torturer) watch(droplet int) error {
	actions, _, err := c.api.Droplets.Actions(c.t.Context(), droplet, &godo.ListOptions{PerPage: 200})
	open := 0
	for _, a := range actions {
		if a.Status == godo.ActionInProgress {
			open++
		}
	}
	if open > 1 {
		c.t.Errorf("droplet %d has %d unfinished actions", droplet, open)
	}
	if err != nil && !lost(err) {
		c.t.Errorf("actions of droplet %d: %v", droplet, err)
	}
	return err
}

func (c *torturer) delete(index int) error {
	droplet := c.mine[index]
	_, err := c.api.Droplets.Delete(c.t.Context(), droplet)
	switch {
	case err == nil:
		c.droplets[droplet] = deleted
	case lost(err):
		c.droplets[droplet] = unknown
	default:
		c.t.Errorf("delete droplet %d: %v", droplet, err)
	}
	c.mine = append(c.mine[:index], c.mine[index+1:]...)
	return err
}

// lost tells whether there was no answer, so that nobody knows what was done.
func lost(err error) bool {
	return err != nil && !errors.As(err, new(*godo.ErrorResponse))
}
