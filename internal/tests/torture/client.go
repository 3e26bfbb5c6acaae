package torture

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// client uses droplets of its own, and remembers the responses.
type client struct {
	*caller
	told
	name     string
	dice     *rand.Rand
	progress *progress
	most     int           // droplets at a time
	pause    time.Duration // between turns
	image    string

	turns     int
	mine      []int // droplets to work on
	repeat    *post // the latest create with a key
	zoneAsked bool  // its domain may exist
	hasZone   bool
}

// post is a request that can be made again.
type post struct {
	key  string
	body any
	ids  []int
}

// throw contains all random numbers of one turn. Every turn draws all of
// them, so that responses do not change later numbers.
type throw struct {
	what    int // of 100
	which   int
	action  int
	keyed   bool
	several bool
}

func (c *client) throw() throw {
	return throw{
		what: c.dice.IntN(100), which: c.dice.IntN(1 << 30), action: c.dice.IntN(len(powerActions)),
		keyed: c.dice.IntN(2) == 0, several: c.dice.IntN(5) == 0,
	}
}

var powerActions = []string{"power_on", "power_off", "power_cycle", "reboot", "shutdown"}

// work takes one turn after another until the attacks are over.
func (c *client) work() {
	defer c.close()
	for {
		select {
		case <-c.over:
			return
		case <-time.After(c.pause):
			c.turn(c.throw())
		}
	}
}

func (c *client) turn(t throw) {
	c.turns++
	if len(c.mine) == 0 {
		c.create(t)
		return
	}
	at := t.which % len(c.mine)
	switch {
	case t.what < 20 && len(c.mine) < c.most:
		c.create(t)
	case t.what < 25 && len(c.mine) < c.most:
		c.twins()
	case t.what < 62:
		c.act(c.mine[at], powerActions[t.action], t.keyed, nil)
	case t.what < 69:
		c.rename(c.mine[at], t.keyed)
	case t.what < 75:
		c.again()
	case t.what < 81:
		c.watch(c.mine[at])
	case t.what < 90:
		c.record(t.keyed)
	default:
		c.delete(at)
	}
}

// key is the idempotency key of this turn, empty for none.
func (c *client) key(keyed bool) string {
	if !keyed {
		return ""
	}
	return fmt.Sprintf("%s-turn-%d", c.name, c.turns)
}

// ask sends a POST. It repeats the POST if that has a key and got no
// response.
func (c *client) ask(path, key string, body any) response {
	if key == "" {
		return c.acknowledge(path, c.send(http.MethodPost, path, "", body))
	}
	r := c.acknowledge(path, c.insist(http.MethodPost, path, key, body))
	if r.fate() == unknown {
		c.fault(answers, "%s with key %s: no answer in the end: %d, %v", path, key, r.status, r.err)
	}
	return r
}

// acknowledge counts a request whose response says that it was executed.
func (c *client) acknowledge(what string, r response) response {
	if r.ok() {
		c.count++
		c.progress.add()
	}
	return c.heard(what, r)
}

// heard reports responses that no client should get.
func (c *client) heard(what string, r response) response {
	switch {
	case r.status/100 == 5 && r.status != http.StatusServiceUnavailable:
		c.fault(answers, "%s was answered %d: %s", what, r.status, r.body)
	case r.status == http.StatusServiceUnavailable:
		c.refusals = append(c.refusals, fmt.Sprintf("%s was answered 503: %s", what, r.body))
	case isTimeout(r.err):
		c.fault(answers, "%s was not answered within %v", what, requestLimit)
	}
	return r
}
