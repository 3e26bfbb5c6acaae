package torture

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func (c *client) act(id int, actionType string, keyed bool, more map[string]any) fate {
	body := map[string]any{"type": actionType}
	for name, value := range more {
		body[name] = value
	}
	d := c.droplets[id]
	r := c.ask(fmt.Sprintf("droplets/%d/actions", id), c.key(keyed), body)
	var a struct{ Action struct{ ID int } }
	switch {
	case r.fate() == unknown:
		d.maybe[actionType]++
	case r.status == http.StatusNotFound:
		c.gone(id)
	case r.ok() && (json.Unmarshal(r.body, &a) != nil || a.Action.ID == 0):
		c.fault(answers, "%s of droplet %d was answered %s", actionType, id, r.body)
	case r.ok():
		d.actions[a.Action.ID] = actionType
	case r.status/100 == 4 && r.status != http.StatusUnprocessableEntity: // 422: pending, or off already
		c.fault(answers, "%s of droplet %d was answered %d: %s", actionType, id, r.status, r.body)
	}
	return r.fate()
}

func (c *client) rename(id int, keyed bool) {
	d := c.droplets[id]
	name := fmt.Sprintf("%s-r%d", d.asked, c.turns)
	switch c.act(id, "rename", keyed, map[string]any{"name": name}) {
	case acknowledged:
		d.names = []string{name}
	case unknown:
		d.names = append(d.names, name)
	}
}

// watch finds a droplet with two unfinished actions.
func (c *client) watch(id int) {
	path := fmt.Sprintf("droplets/%d/actions", id)
	r := c.heard(path, c.send(http.MethodGet, path+"?per_page=200", "", nil))
	var a struct{ Actions []struct{ Status string } }
	if r.status == http.StatusNotFound {
		c.gone(id)
	}
	if !r.ok() || json.Unmarshal(r.body, &a) != nil {
		return
	}
	open := 0
	for _, action := range a.Actions {
		if action.Status == "in-progress" {
			open++
		}
	}
	if open > 1 {
		c.fault(doubles, "droplet %d has %d unfinished actions", id, open)
	}
}

func (c *client) delete(at int) {
	id := c.mine[at]
	path := fmt.Sprintf("droplets/%d", id)
	r := c.acknowledge(path, c.send(http.MethodDelete, path, "", nil))
	if r.status == http.StatusServiceUnavailable {
		c.unfreed = append(c.unfreed, fmt.Sprintf("DELETE of droplet %d was answered 503: %s", id, r.body))
	}
	switch {
	case r.status == http.StatusNotFound:
		c.gone(id)
	case r.fate() == refused && !r.unsent:
		c.fault(answers, "DELETE of droplet %d was answered %d: %s", id, r.status, r.body)
	case r.fate() != refused:
		c.droplets[id].deleted = r.fate()
		c.leave(id)
	}
}

// gone records that the API does not know a droplet any more.
func (c *client) gone(id int) {
	c.droplets[id].missing = true
	c.leave(id)
}

func (c *client) leave(id int) {
	for i, other := range c.mine {
		if other == id {
			c.mine = append(c.mine[:i], c.mine[i+1:]...)
			return
		}
	}
}
