package droplet_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// While a machine exists, no other droplet may get its address. That holds for a create
// that fails and for a destroy.
func TestAnAddressIsReleasedAfterTheMachineIsDestroyed(t *testing.T) {
	for name, fails := range map[string]bool{"a create that fails": true, "a destroy": false} {
		t.Run(name, func(t *testing.T) {
			var w *world
			assigned := []bool{} // whether the droplet had its address at each destroy of its machine
			w = newWorld(t, func(point string) error {
				switch {
				case point == "simulated.start" && fails:
					return errors.New("no luck")
				case point == "simulated.destroy":
					_, has, err := address.Of(context.Background(), w.DB, 1)
					assigned = append(assigned, has && err == nil)
				}
				return nil
			})
			d, a := w.create()
			w.wait(a.ID)
			if !fails {
				check(t, w.write(func(tx *store.Tx) error {
					_, _, err := w.Delete(context.Background(), tx, w.account, d.ID)
					return err
				}))
			}
			if a := w.latest(d.ID); fails != (a.Status == action.Errored) {
				t.Errorf("%s ended %s: %s", a.Type, a.Status, a.Reason)
			}
			if len(assigned) != 1 || !assigned[0] {
				t.Errorf("when its machine was destroyed the droplet had its address: %v", assigned)
			}
			var left int
			check(t, w.DB.QueryRow(context.Background(), `SELECT count(*) FROM addresses`).Scan(&left))
			if left != 0 || w.status(d.ID) != "gone" {
				t.Errorf("%d addresses are left, the droplet is %s", left, w.status(d.ID))
			}
		})
	}
}
