package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/key"
	"github.com/rockpool-cloud/rockpool/internal/cloud/metadata"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/front/api"
	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/space"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu"
	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/panel"
)

// node names this process among those that work on one database. One folder
// has one process, so any constant will do.
const node = "local"

// cloud is everything, wired.
type cloud struct {
	space    *space.Guard
	sweep    func(ctx context.Context) // removes what is too old, until ctx ends
	db       *store.DB
	taken    chan struct{} // closed if another process has taken the database
	engine   compute.Engine
	actions  *action.Engine
	images   *image.Library
	droplets *droplet.Service
	domains  *domain.Service
	names    *names
	schema   *schema.Schema
	handler  http.Handler

	certificate *certificate.Certificate // nil: nothing speaks TLS

	background sync.WaitGroup // what start begins
	stop       context.CancelFunc
}

func open(ctx context.Context, c *serveCommand, log *slog.Logger) (_ *cloud, err error) {
	cl := &cloud{taken: make(chan struct{})}
	defer func() {
		if err != nil {
			cl.close()
		}
	}()
	if cl.certificate, err = c.tlsFlags.open(time.Now, log); err != nil {
		return nil, err
	}
	cl.space = c.guard(c.Data, log)
	if cl.db, err = store.Open(ctx, c.database(), store.Exclusive(func() { close(cl.taken) }), store.WithRoom(cl.space.MakeRoom)); err != nil {
		return nil, err
	}
	if cl.engine, err = openEngine(ctx, c, cl, log); err != nil {
		return nil, err
	}
	capabilities := cl.capabilities(log)
	regions, sizes, places, err := catalogs(c, capabilities)
	if err != nil {
		return nil, err
	}
	cl.images, err = image.Open(ctx, cl.db, image.Config{
		Dir: c.images(), Mirror: c.Mirror, Offline: c.Offline, Simulated: c.Compute == "simulated",
	}, sizes, regions, log)
	if err != nil {
		return nil, err
	}
	limits := account.Limits{Droplets: c.DropletLimit}
	cl.actions = action.NewEngine(cl.db, node, log)
	cl.actions.Hold = c.Hold
	cl.sweep = func(ctx context.Context) { sweep.Run(ctx, cl.db, log, c.sweeps()) }
	cl.droplets = &droplet.Service{
		DB: cl.db, Actions: cl.actions, Images: cl.images, Regions: places, Sizes: sizes,
		Pool: pool(c), Engine: cl.engine, Limits: limits, Log: log,
		Resume: c.ResumeDroplets, Budget: c.budgeted(capabilities),
		Ready: func(ctx context.Context) error {
			if _, known := capabilities(); known {
				return nil
			}
			_, err := cl.engine.Capabilities(ctx)
			return err
		},
	}
	if c.Compute == "simulated" {
		cl.droplets.Features = []string{"simulated"}
	}
	cl.actions.Define(cl.droplets.Definitions()...)
	registry := prometheus.NewRegistry()
	registry.MustRegister(cl.droplets.Collector())
	if cl.names, err = c.namesFlags.open(cl.certificate, registry, log); err != nil {
		return nil, err
	}
	cl.domains = &domain.Service{
		DB: cl.db, Log: log, Nameservers: c.nameservers(), Publisher: cl.names,
		Propagation: c.propagation(), Denials: dnssec.NewCache(maxDenials),
	}
	cl.droplets.AddressListeners = []droplet.AddressListener{cl.domains}
	door, err := api.New(api.Config{
		DB: cl.db, Tokens: oauth.NewTokens(cl.db), Limiter: c.limiter(), Version: version, Log: log,
		Room:    cl.space.Check,
		Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		Resources: slices.Concat([]resource.Resource{
			account.Resource(cl.db, limits), cl.actions.Resource(places), key.Resource(cl.db),
			cl.images.Resource(), places.Resource(), sizes.Resource(),
		}, cl.droplets.Resources(), cl.domains.Resources()),
	})
	if err != nil {
		return nil, err
	}
	cl.schema = door.Schema
	cl.handler = withPanel(door, panel.Handler(panel.Config{Version: version, Token: c.token(), Capabilities: capabilities, SSH: c.panelSSH}))
	return cl, nil
}

// catalogs are the regions that the cloud answers for, and the sizes and regions
// as the API has them. What the engine can do is not known before it is asked.
func catalogs(c *serveCommand, capabilities func() (compute.Capabilities, bool)) (regions []string, sizes *size.Catalog, places *region.Catalog, err error) {
	if regions = c.Regions; len(regions) == 0 {
		regions = region.Slugs()
	}
	sizes = size.NewCatalog(regions, func() (size.Bounds, bool) {
		have, known := capabilities()
		budget := c.budgetFlags.budget(have.HostMemoryMB, have.HostDiskGB)
		return size.Bounds{MemoryMB: least(have.MemoryMB, budget.MemoryMB), VCPUs: have.VCPUs, DiskGB: budget.DiskGB}, known
	})
	places, err = region.NewCatalog(regions, sizes, func() ([]string, bool) {
		have, known := capabilities()
		return append([]string{}, have.Features...), known
	})
	return regions, sizes, places, err
}

// capabilities returns a function that asks the engine until it knows. Without
// QEMU nothing is known, and installing it needs no restart; creates fail until
// then and say why.
func (cl *cloud) capabilities(log *slog.Logger) func() (have compute.Capabilities, known bool) {
	var mu sync.Mutex
	var have compute.Capabilities
	var known bool
	return func() (compute.Capabilities, bool) {
		mu.Lock()
		defer mu.Unlock()
		if known {
			return have, true
		}
		found, err := cl.engine.Capabilities(context.Background())
		if err != nil {
			log.Debug("the engine can't run machines", "reason", err)
			return compute.Capabilities{}, false
		}
		have, known = found, true
		return have, true
	}
}

func openEngine(ctx context.Context, c *serveCommand, cl *cloud, log *slog.Logger) (compute.Engine, error) {
	// Each by itself: what is returned with an error must be a nil interface.
	if c.Compute == "simulated" {
		engine, err := simulated.Open(filepath.Join(c.Data, "simulated"))
		if err != nil {
			return nil, err
		}
		return engine, nil
	}
	engine, err := qemu.Open(ctx, qemu.Config{
		Dir: c.droplets(), DataDir: c.Data, Logger: log,
		Metadata: func(id int64) http.Handler { return metadata.Handler(cl.droplets, id, log) },
	})
	if err != nil {
		return nil, err
	}
	return engine, nil
}

// pool is the droplets' addresses. Ports of simulated machines are never
// bound, so any will do.
func pool(c *serveCommand) *address.Pool {
	ports := make([]int, len(c.Forward))
	for i, port := range c.Forward {
		ports[i] = int(port)
	}
	usable := address.Usable
	if c.Compute == "simulated" {
		usable = func(netip.AddrPort) bool { return true }
	}
	return address.NewPool(c.Addresses.Prefix, ports, usable)
}

// start finds the machines and actions that an earlier process left, and goes
// on with them.
func (cl *cloud) start(ctx context.Context) error {
	if err := cl.engine.Recover(ctx, cl.droplets.Notify); err != nil {
		return fmt.Errorf("recover machines: %w", err)
	}
	if err := cl.droplets.Recover(ctx); err != nil {
		return fmt.Errorf("recover droplets: %w", err)
	}
	if err := cl.domains.Start(ctx); err != nil {
		return fmt.Errorf("serve domains: %w", err)
	}
	if err := cl.names.Start(); err != nil {
		return fmt.Errorf("serve secondaries: %w", err)
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	cl.stop = stop
	cl.background.Go(func() { cl.space.Keep(following) })
	cl.background.Go(func() { cl.sweep(following) })
	cl.background.Go(func() { cl.domains.Follow(following) })
	cl.background.Go(func() { cl.domains.KeepKeys(following) })
	cl.background.Go(func() { cl.droplets.Watch(following) })
	return cl.actions.Start(ctx)
}

func (cl *cloud) close() error {
	var errs []error
	if cl.stop != nil {
		cl.stop()
		cl.background.Wait()
	}
	if cl.actions != nil {
		cl.actions.Close()
	}
	if cl.images != nil {
		cl.images.Close()
	}
	if cl.names != nil {
		errs = append(errs, cl.names.close())
	}
	if cl.engine != nil {
		errs = append(errs, cl.engine.Close())
	}
	if cl.db != nil {
		errs = append(errs, cl.db.Close())
	}
	errs = append(errs, cl.space.Close())
	return errors.Join(errs...)
}
