package torture

import (
	"fmt"
	"net/http"
)

// record creates a record in the client's domain, which it creates first if
// necessary.
func (c *client) record(keyed bool) {
	if !c.hasZone {
		r := c.ask("domains", c.key(keyed), map[string]any{"name": c.zone})
		c.hasZone = r.ok() || r.status == http.StatusUnprocessableEntity && c.zoneAsked
		c.zoneAsked = c.zoneAsked || r.fate() == unknown
		if r.fate() == refused && !r.unsent && !c.hasZone {
			c.refusals = append(c.refusals, fmt.Sprintf("a domain was answered %d: %s", r.status, r.body))
		}
		return
	}
	name := fmt.Sprintf("r%d", c.turns)
	r := c.ask("domains/"+c.zone+"/records", c.key(keyed), map[string]any{"type": "A", "name": name, "data": "192.0.2.1"})
	c.records[name] = r.fate()
	if r.fate() == refused && !r.unsent {
		c.refusals = append(c.refusals, fmt.Sprintf("a record was answered %d: %s", r.status, r.body))
	}
}

// record is one that the API has.
type record struct {
	ID   int
	Type string
	Name string
}

// readRecords counts the records of the clients' domains, by domain and name.
func (w *world) readRecords(clients []*told) (map[string]map[string]int, error) {
	all := map[string]map[string]int{}
	for _, c := range clients {
		if len(c.records) == 0 {
			continue
		}
		names := map[string]int{}
		found, err := pages(func(page int) (records []record, err error) {
			var body struct {
				Records []record `json:"domain_records"`
			}
			err = w.Get(fmt.Sprintf("domains/%s/records?type=A&per_page=200&page=%d", c.zone, page), &body)
			return body.Records, err
		}, func(r record) int { return r.ID })
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			names[r.Name]++
		}
		all[c.zone] = names
	}
	return all, nil
}

// judgeRecords compares the records of one client's domain.
func (v *verdict) judgeRecords(c *told) {
	have := v.truth.records[c.zone]
	for name, f := range c.records {
		switch n := have[name]; {
		case n == 0 && f == acknowledged:
			v.find(lost, "record %s of %s is not there", name, c.zone)
		case n > 1:
			v.find(doubles, "record %s of %s was asked for once, and is there %d times", name, c.zone, n)
		case n > 0 && f == refused:
			v.find(invented, "record %s of %s: the create was refused", name, c.zone)
		}
	}
	for name := range have {
		if c.records[name] == "" {
			v.find(invented, "record %s of %s: nobody asked for it", name, c.zone)
		}
	}
}
