package droplet_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// The cloud forwards other ports than before, as after a restart with another --forward.
func TestForwardsChangeAtTheNextStart(t *testing.T) {
	for _, actions := range [][]string{{"power_cycle"}, {"reboot"}, {"power_off", "power_on"}} {
		t.Run(actions[0], func(t *testing.T) {
			w := newWorld(t, nil)
			id := w.active().ID
			want := []compute.Forward{{HostPort: 22, GuestPort: 22}}
			wantForwards(t, w, id, want)
			w.Pool = address.NewPool(netip.MustParsePrefix("127.18.0.0/16"), []int{22, 80}, func(netip.AddrPort) bool { return true })
			wantForwards(t, w, id, want)
			for _, act := range actions {
				if a := w.act(id, act); a.Status != action.Completed {
					t.Fatalf("%s ended %s: %s", act, a.Status, a.Reason)
				}
			}
			wantForwards(t, w, id, append(want, compute.Forward{HostPort: 80, GuestPort: 80}))
		})
	}
}

func wantForwards(t *testing.T, w *world, id int64, want []compute.Forward) {
	t.Helper()
	d, err := w.Get(t.Context(), w.account, id)
	check(t, err)
	view, err := w.View(t.Context(), d)
	check(t, err)
	if diff := cmp.Diff(want, view.Forwards); diff != "" {
		t.Errorf("forwards (-want +got):\n%s", diff)
	}
}
