package torture

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/digitalocean/godo"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// books are the responses that a client got and the truth, which agree:
// droplet 1 exists, and droplet 2 was deleted.
type books struct {
	told    *told
	truth   *truth
	excuses excuses
}

func balanced() books {
	client := newTold()
	client.add(1, 11, "c0-1")
	client.droplets[1].actions[12] = "power_off"
	client.add(2, 21, "c0-2")
	client.droplets[2].deleted = acknowledged
	client.creates["c0-3"] = refused
	client.creates["c0-4"] = unknown
	client.zone = "c0.example"
	client.records["r1"], client.records["r2"], client.records["r3"] = acknowledged, refused, unknown
	return books{told: client, truth: &truth{
		droplets: map[int]rockpooltest.Droplet{1: there(1, "c0-1", "off", "127.0.0.2")},
		actions: map[int]rockpooltest.Action{
			11: ended(11, 1, "create"), 12: ended(12, 1, "power_off"),
			21: ended(21, 2, "create"), 22: ended(22, 2, "destroy"),
		},
		machines:  map[int]bool{1: false},
		processes: map[int]int{},
		records:   map[string]map[string]int{"c0.example": {"r1": 1}},
	}}
}

func there(id int, name, status, address string) rockpooltest.Droplet {
	d := rockpooltest.Droplet{Droplet: godo.Droplet{ID: id, Name: name, Status: status}}
	d.Networks = &godo.Networks{V4: []godo.NetworkV4{{IPAddress: address, Type: "public"}}}
	return d
}

func ended(id, droplet int, actionType string) rockpooltest.Action {
	return rockpooltest.Action{Action: godo.Action{ID: id, ResourceID: droplet, Type: actionType, Status: "completed"}}
}

// running adds the process and the port of droplet 1, which is on.
func (b books) running() {
	d := there(1, "c0-1", "active", "127.0.0.2")
	d.Forwards = append(d.Forwards, struct {
		Host  int `json:"host_port"`
		Guest int `json:"guest_port"`
	}{22, 22})
	b.truth.droplets[1] = d
	b.truth.machines[1], b.truth.processes[1] = true, 1
	b.truth.listening = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.2:22")}
	b.told.droplets[1].actions[13] = "power_on"
	b.truth.actions[13] = ended(13, 1, "power_on")
}

func (b books) error(action int) {
	a := b.truth.actions[action]
	a.Status = "errored"
	b.truth.actions[action] = a
}

// TestJudge changes consistent books in one place at a time. The judge must
// find each change, as exactly one kind of fault.
func TestJudge(t *testing.T) {
	tests := map[string]struct {
		change func(b *books)
		want   []kind
	}{
		"nothing":                 {func(*books) {}, nil},
		"a machine that runs":     {func(b *books) { b.running() }, nil},
		"a create without answer": {func(b *books) { b.truth.add(there(4, "c0-4", "active", "127.0.0.5"), ended(41, 4, "create")) }, nil},
		"a create that was lost":  {func(b *books) { b.truth.drop(1) }, []kind{lost}},
		"a create that failed": {func(b *books) {
			b.truth.drop(1)
			b.error(11)
			b.excuses.failures = true
		}, nil},
		"a create that failed for no reason": {func(b *books) {
			b.truth.drop(1)
			b.error(11)
		}, []kind{lost, failed}},
		"a delete that was lost":    {func(b *books) { b.truth.add(there(2, "c0-2", "active", "127.0.0.5")) }, []kind{lost}},
		"an action that was lost":   {func(b *books) { b.told.droplets[1].actions[19] = "reboot" }, []kind{lost}},
		"an action of another":      {func(b *books) { b.truth.actions[12] = ended(12, 2, "power_off") }, []kind{lost, lies}},
		"a name that was lost":      {func(b *books) { b.told.droplets[1].names = []string{"c0-1-r7"} }, []kind{lost}},
		"a machine that was lost":   {func(b *books) { delete(b.truth.machines, 1) }, []kind{lost}},
		"a name without answer":     {func(b *books) { b.told.droplets[1].names = []string{"c0-1-r7", "c0-1"} }, nil},
		"two of one create":         {func(b *books) { b.truth.add(there(5, "c0-1-r7", "active", "127.0.0.6"), ended(51, 5, "create")) }, []kind{doubles}},
		"two of one action":         {func(b *books) { b.truth.actions[10] = ended(10, 1, "power_off") }, []kind{doubles}},
		"an action without answer":  {func(b *books) { b.truth.actions[10] = ended(10, 1, "reboot"); b.told.droplets[1].maybe["reboot"] = 1 }, nil},
		"a create that was refused": {func(b *books) { b.truth.add(there(3, "c0-3", "active", "127.0.0.6"), ended(31, 3, "create")) }, []kind{invented}},
		"a create of nobody":        {func(b *books) { b.truth.add(there(3, "x", "active", "127.0.0.6"), ended(31, 3, "create")) }, []kind{invented}},
		"an action without end":     {func(b *books) { b.open(22) }, []kind{stuck}},
		"a lock":                    {func(b *books) { b.lock(1) }, []kind{stuck}},
		"a status of no machine":    {func(b *books) { b.truth.machines[1] = true }, []kind{lies}},
		"a status of another action": {func(b *books) {
			b.truth.actions[12] = ended(12, 1, "power_on")
			b.told.droplets[1].actions[12] = "power_on"
		}, []kind{lies}},
		"a machine that was killed": {func(b *books) {
			b.running()
			b.truth.droplets[1] = there(1, "c0-1", "off", "127.0.0.2")
			b.truth.machines[1], b.truth.processes[1], b.truth.listening = false, 0, nil
			b.excuses.disturbed = map[int]bool{1: true}
		}, nil},
		"a refusal":                  {func(b *books) { b.told.refusals = []string{"full"} }, []kind{answers}},
		"a refusal for a reason":     {func(b *books) { b.told.refusals = []string{"full"}; b.excuses.refusals = true }, nil},
		"a delete that was refused":  {func(b *books) { b.told.unfreed = []string{"full"}; b.excuses.refusals = true }, []kind{answers}},
		"no database for a delete":   {func(b *books) { b.told.unfreed = []string{"away"}; b.excuses.away = true }, nil},
		"an answer of a client":      {func(b *books) { b.told.fault(answers, "500") }, []kind{answers}},
		"two processes":              {func(b *books) { b.running(); b.truth.processes[1] = 2 }, []kind{processes}},
		"a process without a folder": {func(b *books) { b.truth.processes[9] = 1 }, []kind{processes}},
		"a folder without a droplet": {func(b *books) { b.truth.machines[9] = false }, []kind{folders}},
		"a file of no machine":       {func(b *books) { b.truth.strays = []string{"making-9"} }, []kind{folders}},
		"a record that was lost":     {func(b *books) { delete(b.truth.records["c0.example"], "r1") }, []kind{lost}},
		"two of one record":          {func(b *books) { b.truth.records["c0.example"]["r1"] = 2 }, []kind{doubles}},
		"a record without answer":    {func(b *books) { b.truth.records["c0.example"]["r3"] = 1 }, nil},
		"a record that was refused":  {func(b *books) { b.truth.records["c0.example"]["r2"] = 1 }, []kind{invented}},
		"a record of nobody":         {func(b *books) { b.truth.records["c0.example"]["r9"] = 1 }, []kind{invented}},
		"no address": {func(b *books) {
			d := b.truth.droplets[1]
			d.Networks = &godo.Networks{}
			b.truth.droplets[1] = d
		}, []kind{addresses}},
		"one address of two": {func(b *books) { b.truth.add(there(4, "c0-4", "active", "127.0.0.2"), ended(41, 4, "create")) }, []kind{addresses}},
		"a port of none":     {func(b *books) { b.truth.listening = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.2:22")} }, []kind{listeners}},
		"a port that is closed": {func(b *books) {
			b.running()
			b.truth.listening = nil
		}, []kind{listeners}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := balanced()
			test.change(&b)
			found := map[kind]bool{}
			var texts []string
			for _, f := range judge([]*told{b.told}, b.truth, b.excuses) {
				found[f.kind] = true
				texts = append(texts, f.text)
			}
			want := map[kind]bool{}
			for _, k := range test.want {
				want[k] = true
			}
			if !maps.Equal(found, want) {
				t.Errorf("found %v, want %v: %q", slices.Sorted(maps.Keys(found)), test.want, texts)
			}
		})
	}
}

// add adds a droplet to the truth, with its machine and actions.
func (t *truth) add(d rockpooltest.Droplet, actions ...rockpooltest.Action) {
	t.droplets[d.ID] = d
	t.machines[d.ID] = d.Status == "active"
	for _, a := range actions {
		t.actions[a.ID] = a
	}
}

func (t *truth) drop(id int) {
	delete(t.droplets, id)
	delete(t.machines, id)
}

func (b *books) open(action int) {
	a := b.truth.actions[action]
	a.Status = "in-progress"
	b.truth.actions[action] = a
}

func (b *books) lock(id int) {
	d := b.truth.droplets[id]
	d.Locked = true
	b.truth.droplets[id] = d
}

func TestParseSocket(t *testing.T) {
	// Where bytes are in the order of most machines.
	got, err := parseSocket("0100007F:0016")
	if want := netip.MustParseAddrPort("127.0.0.1:22"); err != nil || got != want {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, text := range []string{"", "0100007F", "0100007F:", ":0016", "01007F:0016", "x100007F:0016"} {
		if got, err := parseSocket(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
