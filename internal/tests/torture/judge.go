package torture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// excuses are deviations that the attacks of a round explain.
type excuses struct {
	failures  bool         // actions may end errored, and a create that does leaves no droplet
	refusals  bool         // what is new may be refused for lack of space
	away      bool         // any request may be refused for lack of a database
	disturbed map[int]bool // machines that may have another state than their last action says
	deaf      bool         // guests may not obey a shutdown
	resumed   int          // how often machines may have been powered on by the cloud itself
}

// verdict collects findings.
type verdict struct {
	truth   *truth
	excuses excuses
	found   []finding
}

// judge compares the answers that clients got with the truth.
func judge(clients []*told, t *truth, e excuses) []finding {
	v := &verdict{truth: t, excuses: e}
	asked := map[string]fate{}
	for _, c := range clients {
		v.found = append(v.found, c.faults...)
		if !e.refusals && !e.away {
			v.findAll(answers, c.refusals)
		}
		if !e.away {
			v.findAll(answers, c.unfreed)
		}
		for name, f := range c.creates {
			asked[name] = f
		}
		for id, d := range c.droplets {
			v.droplet(id, d)
		}
		v.judgeRecords(c)
	}
	v.names(asked)
	v.statuses()
	v.found = append(v.found, t.judge()...)
	return v.found
}

func (v *verdict) find(k kind, format string, args ...any) {
	v.found = append(v.found, finding{k, fmt.Sprintf(format, args...)})
}

func (v *verdict) findAll(k kind, texts []string) {
	for _, text := range texts {
		v.find(k, "%s", text)
	}
}

// droplet judges a droplet that a response named.
func (v *verdict) droplet(id int, d *droplet) {
	now, exists := v.truth.droplets[id]
	unmade := v.truth.actions[d.created].Status == "errored" && v.excuses.failures
	switch {
	case exists && (d.deleted == acknowledged || d.missing):
		v.find(lost, "droplet %d was deleted, and is there", id)
	case !exists && d.deleted == "" && !unmade:
		v.find(lost, "droplet %d, %s, is not there", id, d.asked)
	case exists && !slices.Contains(d.names, now.Name):
		v.find(lost, "droplet %d is called %s, not %v", id, now.Name, d.names)
	}
	for action, actionType := range d.actions {
		v.action(id, d, action, actionType)
	}
	if exists {
		v.count(id, d)
	}
}

// action judges an action that a response named.
func (v *verdict) action(id int, d *droplet, action int, actionType string) {
	now, exists := v.truth.actions[action]
	switch {
	case !exists:
		v.find(lost, "action %d, %s of droplet %d, is not there", action, actionType, id)
	case now.ResourceID != id || now.Type != actionType:
		v.find(lost, "action %d, %s of droplet %d, is %s of droplet %d", action, actionType, id, now.Type, now.ResourceID)
	case now.Status == "errored" && d.deleted == "" && !v.excuses.failures:
		v.find(failed, "action %d, %s of droplet %d: %s", action, actionType, id, now.Error)
	}
}

// count finds actions that were executed more often than requested.
func (v *verdict) count(id int, d *droplet) {
	most, have := map[string]int{}, map[string]int{}
	for _, actionType := range d.actions {
		most[actionType]++
	}
	for actionType, n := range d.maybe {
		most[actionType] += n
	}
	if d.deleted != "" {
		most["destroy"]++
	}
	most["power_on"] += v.excuses.resumed
	for _, a := range v.truth.actions {
		if a.ResourceID == id {
			have[a.Type]++
		}
	}
	for actionType, n := range have {
		if n > most[actionType] {
			v.find(doubles, "droplet %d has %d actions of type %s, of %d that were asked for", id, n, actionType, most[actionType])
		}
	}
}

// names finds droplets that were created twice, or that nobody requested.
func (v *verdict) names(asked map[string]fate) {
	of := map[string][]int{}
	for id, d := range v.truth.droplets {
		name, _, _ := strings.Cut(d.Name, "-r") // it may have been renamed
		of[name] = append(of[name], id)
	}
	for name, ids := range of {
		if len(ids) > 1 {
			v.find(doubles, "%s was asked for once, and droplets %v have the name", name, ids)
		}
		if f, known := asked[name]; !known || f == refused {
			v.find(invented, "droplets %v, %s: the create was %s", ids, name, cmp.Or(f, "never sent"))
		}
	}
}

var statusAfter = map[string]string{
	"create": "active", "power_on": "active", "power_cycle": "active", "reboot": "active",
	"power_off": "off", "shutdown": "off",
}

// statuses compares the droplets' statuses with their last actions.
func (v *verdict) statuses() {
	latest := map[int]rockpooltest.Action{}
	for _, a := range v.truth.actions {
		if a.ID > latest[a.ResourceID].ID && statusAfter[a.Type] != "" {
			latest[a.ResourceID] = a
		}
	}
	for id, d := range v.truth.droplets {
		a := latest[id]
		if v.excuses.disturbed[id] || v.excuses.deaf && a.Type == "shutdown" || a.Status == "errored" {
			continue
		}
		if want := statusAfter[a.Type]; d.Status != want {
			v.find(lies, "droplet %d is %s, and its latest action, %d, was %s: %s", id, d.Status, a.ID, a.Type, a.Status)
		}
	}
}
