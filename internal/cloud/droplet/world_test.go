package droplet_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga/sagatest"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
)

// world is a droplet.Service with simulated machines. A test can close it and open it
// again, which is like a kill and a restart of the process.
type world struct {
	*droplet.Service
	t       *testing.T
	dir     string
	host    string // the boot of the host
	machine *simulated.Engine
	account int64
	tried   int64 // id of the droplet whose action is tested
}

// firstBoot is the boot of the host in which worlds begin.
const firstBoot = "first boot"

// newWorld opens a world in a new folder. inject is called at each fault point.
func newWorld(t *testing.T, inject fault.Injector) *world {
	t.Helper()
	return openWorld(t, t.TempDir(), firstBoot, sagatest.Setup{Inject: inject})
}

// restartedHost opens the world again after a restart of its host.
func (w *world) restartedHost(change ...func(*droplet.Service)) *world {
	w.t.Helper()
	return w.openAgain(w.host+" again", change...)
}

// reopen opens the world again after a restart of the process.
func (w *world) reopen() *world {
	w.t.Helper()
	return w.openAgain(w.host)
}

func (w *world) openAgain(host string, change ...func(*droplet.Service)) *world {
	w.t.Helper()
	w.close()
	again := openWorld(w.t, w.dir, host, sagatest.Setup{}, change...)
	again.tried = w.tried
	return again
}

// openWorld opens the world in a folder, in that boot of its host.
func openWorld(t *testing.T, dir, host string, setup sagatest.Setup, change ...func(*droplet.Service)) *world {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, storetest.In(t, dir))
	check(t, err)
	machine, err := simulated.Open(filepath.Join(dir, "machines"), simulated.InHost(host))
	check(t, err)
	log := slog.New(slog.DiscardHandler)
	regions := region.Slugs()
	sizes := size.NewCatalog(regions, func() (size.Bounds, bool) { return size.Bounds{MemoryMB: 65536}, true })
	places, err := region.NewCatalog([]string{"nyc1", "nyc3", "fra1"}, sizes, func() ([]string, bool) { return []string{"metadata"}, true })
	check(t, err)
	images, err := image.Open(ctx, db, image.Config{NoFiles: true}, sizes, regions, log)
	check(t, err)
	w := &world{t: t, dir: dir, host: host, machine: machine, Service: &droplet.Service{
		DB: db, Actions: action.NewService(db, places, "node", log), Images: images, Regions: places, Sizes: sizes,
		Pool:   address.NewPool(netip.MustParsePrefix("127.18.0.0/16"), []int{22}, func(netip.AddrPort) bool { return true }),
		Engine: machine, Limits: account.Limits{Droplets: 9}, Log: log,
		Resume: true,
	}}
	for _, f := range change {
		f(w.Service)
	}
	w.Actions.Define(w.ActionKinds()...)
	w.Actions.Sagas().RepeatSteps(max(setup.Repeats, 1))
	check(t, db.Write(ctx, func(tx *store.Tx) (err error) {
		w.account, err = account.First(ctx, tx)
		return err
	}))
	check(t, machine.Recover(ctx, w.Notify))
	check(t, w.Recover(ctx))
	if setup.Inject != nil {
		ctx = fault.With(ctx, setup.Inject)
	}
	check(t, w.Actions.Start(ctx))
	t.Cleanup(w.close)
	return w
}

// close closes everything. A crash needs no more than that in a test: a run does nothing
// after fault.ErrCrash.
func (w *world) close() {
	w.Actions.Close()
	w.machine.Close()
	w.DB.Close()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) create() (droplet.Droplet, action.Action) {
	w.t.Helper()
	plan, err := w.Plan(context.Background(), w.account, droplet.Create{Name: "web-1", Size: "s-1vcpu-256mb", Image: "micro"})
	check(w.t, err)
	var d droplet.Droplet
	var a action.Action
	check(w.t, w.write(func(tx *store.Tx) error {
		droplets, actions, err := plan.Do(context.Background(), tx)
		if err == nil {
			d, a = droplets[0], actions[0]
		}
		return err
	}))
	return d, a
}

func (w *world) write(fn func(tx *store.Tx) error) error {
	return w.DB.Write(context.Background(), fn)
}

// active creates a droplet and waits until it runs.
func (w *world) active() droplet.Droplet {
	w.t.Helper()
	d, a := w.create()
	if a = w.wait(a.ID); a.Status != action.Completed {
		w.t.Fatalf("create ended %s: %s", a.Status, a.Reason)
	}
	return d
}

func (w *world) act(id int64, actionType string, params ...any) action.Action {
	w.t.Helper()
	a, err := w.try(id, actionType, params...)
	check(w.t, err)
	return w.wait(a.ID)
}

// try requests an action as a client does. params are names and values in turn.
func (w *world) try(id int64, actionType string, params ...any) (a action.Action, err error) {
	given := map[string]any{}
	for i := 0; i < len(params); i += 2 {
		given[params[i].(string)] = params[i+1]
	}
	act, err := w.PlanAction(context.Background(), w.account, id, actionType, given)
	if err != nil {
		return a, err
	}
	err = w.write(func(tx *store.Tx) (err error) {
		a, err = act.Open(context.Background(), tx)
		return err
	})
	return a, err
}

func (w *world) wait(id int64) action.Action {
	w.t.Helper()
	a, err := w.Actions.Wait(w.t.Context(), w.account, id)
	check(w.t, err)
	return a
}

func (w *world) reconcile() {
	w.t.Helper()
	if done, err := w.Reconcile(context.Background()); !done || err != nil {
		w.t.Errorf("reconcile: done %v, %v", done, err)
	}
}

// status returns the droplet's status as the API shows it, or "gone" for a 404.
func (w *world) status(id int64) string {
	w.t.Helper()
	d, err := w.Get(context.Background(), w.account, id)
	if missing := new(apierr.Error); errors.As(err, &missing) {
		return "gone"
	}
	check(w.t, err)
	if d.Locked {
		return d.Status + " and locked"
	}
	return d.Status
}

// latest waits for the droplet's latest action.
func (w *world) latest(id int64) action.Action {
	w.t.Helper()
	actions, err := action.ListOf(context.Background(), w.DB, droplet.Resource(id), list.Query{Max: 1})
	check(w.t, err)
	return w.wait(actions.Items[0].ID)
}

// assertSound fails unless the database, the machines and the addresses agree.
func (w *world) assertSound(id int64) {
	w.t.Helper()
	state, err := w.machine.State(context.Background(), id)
	check(w.t, err)
	want := map[compute.State]string{compute.Absent: "gone", compute.Running: "active", compute.Stopped: "off"}[state]
	if got := w.status(id); got != want {
		w.t.Errorf("droplet is %s, its machine is %s", got, state)
	}
	_, has, err := address.Of(context.Background(), w.DB, id)
	check(w.t, err)
	if state != compute.Absent {
		d, err := w.Get(context.Background(), w.account, id)
		check(w.t, err)
		w.assertMachine(id, dimensions{d.Size, d.VCPUs, d.MemoryMB, d.DiskGB})
	}
	if has != (state != compute.Absent) {
		w.t.Errorf("has an address: %v, its machine is %s", has, state)
	}
	w.assertTotal()
}

// assertTotal fails unless the stored total is the number of the account's droplets.
func (w *world) assertTotal() {
	w.t.Helper()
	var counted, stored int
	check(w.t, w.DB.QueryRow(context.Background(), `SELECT
		(SELECT count(*) FROM droplets WHERE account_id = $1 AND deleted_at IS NULL),
		(SELECT coalesce(sum(total), 0) FROM totals WHERE account_id = $1 AND list = 'droplets')`, w.account).Scan(&counted, &stored))
	if stored != counted {
		w.t.Errorf("the stored total is %d, there are %d droplets", stored, counted)
	}
}
