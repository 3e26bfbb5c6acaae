package torture

import (
	"fmt"
	"net/netip"
)

// judge returns contradictions within the truth: between the API's answers and the
// machines that exist.
func (t *truth) judge() (found []finding) {
	find := func(k kind, format string, args ...any) {
		found = append(found, finding{k, fmt.Sprintf(format, args...)})
	}
	for id, a := range t.actions {
		if a.Status == "in-progress" {
			find(stuck, "action %d, %s of droplet %d, has not ended", id, a.Type, a.ResourceID)
		}
	}
	for id, d := range t.droplets {
		if d.Locked {
			find(stuck, "droplet %d is locked", id)
		}
		runs, exists := t.machines[id]
		if !exists {
			find(lost, "droplet %d has no machine", id)
		} else if runs != (d.Status == "active") {
			find(lies, "droplet %d is %s, and its machine runs: %v", id, d.Status, runs)
		}
	}
	for id := range t.machines {
		if _, exists := t.droplets[id]; !exists {
			find(folders, "machine %d has no droplet", id)
		}
	}
	for id, n := range t.processes {
		if _, exists := t.machines[id]; !exists || n > 1 {
			find(processes, "machine %d has %d QEMUs; it has a folder: %v", id, n, exists)
		}
	}
	for _, stray := range t.strays {
		find(folders, "%s", stray)
	}
	return append(append(found, t.judgeAddresses()...), t.judgeListeners()...)
}

func (t *truth) judgeAddresses() (found []finding) {
	owners := map[string]int{}
	for id, d := range t.droplets {
		address, err := d.PublicIPv4()
		if err != nil || address == "" {
			found = append(found, finding{addresses, fmt.Sprintf("droplet %d has no address", id)})
			continue
		}
		if other, taken := owners[address]; taken {
			found = append(found, finding{addresses, fmt.Sprintf("droplets %d and %d have address %s", id, other, address)})
		}
		owners[address] = id
	}
	return found
}

// judgeListeners checks that each forwarded port of each running machine has a
// listener, and that there are no other listeners.
func (t *truth) judgeListeners() (found []finding) {
	want := map[netip.AddrPort]int{}
	for id, d := range t.droplets {
		text, _ := d.PublicIPv4()
		address, err := netip.ParseAddr(text)
		if err != nil || t.processes[id] == 0 {
			continue
		}
		for _, f := range d.Forwards {
			want[netip.AddrPortFrom(address, uint16(f.Host))] = id
		}
	}
	for _, at := range t.listening {
		if _, wanted := want[at]; !wanted {
			found = append(found, finding{listeners, fmt.Sprintf("%s is open, and is no running droplet's", at)})
		}
		delete(want, at)
	}
	for at, id := range want {
		found = append(found, finding{listeners, fmt.Sprintf("%s of droplet %d is closed", at, id)})
	}
	return found
}
