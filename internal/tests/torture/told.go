package torture

import "fmt"

// fate is what a client knows about the result of its request.
type fate string

const (
	acknowledged fate = "acknowledged" // answered 2xx
	refused      fate = "refused"      // answered otherwise, or never sent
	unknown      fate = "unknown"      // sent, and no answer was heard
)

// told stores the responses that one client got.
type told struct {
	creates  map[string]fate  // by the name that was asked for
	droplets map[int]*droplet // acknowledged ones
	zone     string           // its domain
	records  map[string]fate  // in its domain, by name
	faults   []finding        // answers that no client should get
	refusals []string         // answers that a client should only get for a reason
	unfreed  []string         // deletes that were refused
	count    int              // acknowledged requests
}

// droplet is what a client knows about one of its droplets.
type droplet struct {
	asked   string         // the name of its create
	names   []string       // what it may be called by now
	deleted fate           // empty: it was not asked to be deleted
	created int            // id of the action that creates it
	actions map[int]string // types of acknowledged actions, by id
	maybe   map[string]int // how many actions of a type got no answer
	missing bool           // it was answered 404
}

func newTold() *told {
	return &told{creates: map[string]fate{}, droplets: map[int]*droplet{}, records: map[string]fate{}}
}

func (t *told) add(id, action int, name string) {
	t.creates[name] = acknowledged
	t.droplets[id] = &droplet{
		asked: name, names: []string{name}, created: action,
		actions: map[int]string{action: "create"}, maybe: map[string]int{},
	}
}

func (t *told) fault(k kind, format string, args ...any) {
	t.faults = append(t.faults, finding{k, fmt.Sprintf(format, args...)})
}
