package torture

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// created is the answer of a create.
type created struct {
	Droplet  struct{ ID int }
	Droplets []struct{ ID int }
	Links    struct {
		Actions []struct{ ID int }
	}
}

func (a created) ids() (ids []int) {
	if a.Droplet.ID != 0 {
		return []int{a.Droplet.ID}
	}
	for _, d := range a.Droplets {
		ids = append(ids, d.ID)
	}
	return ids
}

func (c *client) create(t throw) {
	names := []string{fmt.Sprintf("%s-%d", c.name, c.turns)}
	if t.several && len(c.mine)+1 < c.most {
		names = append(names, names[0]+"b")
	}
	body := c.createBody(names)
	r := c.ask("droplets", c.key(t.keyed), body)
	ids := c.made(names, r)
	if t.keyed && ids != nil {
		c.repeat = &post{c.key(true), body, ids}
	}
}

func (c *client) createBody(names []string) map[string]any {
	body := map[string]any{"region": "nyc3", "size": "s-1vcpu-256mb", "image": c.image}
	if len(names) == 1 {
		body["name"] = names[0]
	} else {
		body["names"] = names
	}
	return body
}

// made records the answer to a create.
func (c *client) made(names []string, r response) (ids []int) {
	for _, name := range names {
		c.creates[name] = r.fate()
	}
	if r.status/100 == 4 {
		c.refusals = append(c.refusals, fmt.Sprintf("a create was answered %d: %s", r.status, r.body))
	}
	if !r.ok() {
		return nil
	}
	var a created
	if err := json.Unmarshal(r.body, &a); err != nil || len(a.ids()) != len(names) || len(a.Links.Actions) != len(names) {
		c.fault(answers, "a create of %v was answered %s", names, r.body)
		return nil
	}
	for i, id := range a.ids() {
		c.add(id, a.Links.Actions[i].ID, names[i])
		c.mine = append(c.mine, id)
	}
	return a.ids()
}

// twins sends the same create with the same key twice, at the same time.
func (c *client) twins() {
	names := []string{fmt.Sprintf("%s-%d", c.name, c.turns)}
	body := c.createBody(names)
	var both [2]response
	var asking sync.WaitGroup
	for i := range both {
		asking.Go(func() { both[i] = c.insist(http.MethodPost, "droplets", c.key(true), body) })
	}
	asking.Wait()
	if !both[0].ok() { // a disk that is full for one of them may be free for the other
		slices.Reverse(both[:])
	}
	first := c.made(names, c.acknowledge("droplets", both[0]))
	c.same(first, c.acknowledge("droplets", both[1]), c.key(true))
}

// again sends the latest create with a key once more.
func (c *client) again() {
	if c.repeat != nil {
		c.same(c.repeat.ids, c.ask("droplets", c.repeat.key, c.repeat.body), c.repeat.key)
	}
}

// same reports an answer to a key that differs from the first answer.
func (c *client) same(ids []int, r response, key string) {
	var a created
	if r.ok() && json.Unmarshal(r.body, &a) == nil && fmt.Sprint(a.ids()) != fmt.Sprint(ids) {
		c.fault(doubles, "key %s made droplets %v, and then %v", key, ids, a.ids())
	}
}
