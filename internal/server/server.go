// Package server is a whole cloud: every room, the machines, the name server,
// the front door and the panel, constructed from a Config.
//
//	s, err := server.Open(ctx, config)
//	err = s.Start(ctx) // machines, domains and actions of an earlier process go on
//	err = s.Names.Answer()
//	err = s.Serve(ctx, listener)
//	err = s.Close()
package server

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/key"
	"github.com/rockpool-cloud/rockpool/internal/front/api"
	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
	"github.com/rockpool-cloud/rockpool/internal/front/ratelimit"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/space"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/panel"
)

// node identifies this process among those that share a database. A data
// folder has one process, so a constant is enough.
const node = "local"

// Server is a whole cloud. Its parts may be used between Open and Close.
type Server struct {
	DB       *store.DB
	Engine   compute.Engine
	Actions  *action.Service
	Droplets *droplet.Service
	Names    *Names
	Schema   *schema.Schema // of the API
	Handler  http.Handler   // of the API and the panel

	config   Config
	images   *image.Library
	host     *host
	registry *prometheus.Registry // of the metrics for Prometheus
	taken    chan struct{}        // closed when another process has claimed the database
	rooms    []resource.Room      // in the order of construction

	background sync.WaitGroup // started by Start
	stop       context.CancelFunc
}

// Open constructs a server. Nothing runs before Start.
func Open(ctx context.Context, c Config) (_ *Server, err error) {
	s := &Server{config: c, registry: prometheus.NewRegistry(), taken: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	guard := space.Open(c.Data.Folder, c.DiskReserve, c.LeastFree, c.Log)
	s.add(resource.Room{Name: "disk space", Background: []func(context.Context){guard.Keep}, Close: guard.Close})
	if s.DB, err = store.Open(ctx, c.Data.Source(), store.Exclusive(func() { close(s.taken) }), store.WithFreeSpace(guard.FreeSpace)); err != nil {
		return nil, err
	}
	s.add(resource.Room{Name: "the database", Close: s.DB.Close})
	if err := s.openRooms(ctx); err != nil {
		return nil, err
	}
	return s, s.openDoor(guard)
}

// openRooms constructs the engine, the name server, and a room for each
// resource. A room comes after those that it uses.
func (s *Server) openRooms(ctx context.Context) (err error) {
	c := s.config
	if err := s.openEngine(ctx); err != nil {
		return err
	}
	traits := s.Engine.Traits()
	s.add(resource.Room{Name: "machines", Close: s.Engine.Close,
		Recover: func(ctx context.Context) error { return s.Engine.Recover(ctx, s.Droplets.Notify) }})
	s.host = &host{engine: s.Engine, asking: make(chan struct{}, 1), bounded: c.Budget, log: c.Log}
	regions, sizes, places, err := s.host.catalogs(c.Regions)
	if err != nil {
		return err
	}
	s.images, err = image.Open(ctx, s.DB, image.Config{
		Dir: c.Data.Images(), Mirror: c.Mirror, Offline: c.Offline, NoFiles: !traits.ImageFiles,
	}, sizes, regions, c.Log)
	if err != nil {
		return err
	}
	s.add(s.images.Room())
	if s.Names, err = openNames(c.Names, c.Certificate, s.registry, c.Log); err != nil {
		return err
	}
	limits := account.Limits{Droplets: c.DropletLimit}
	s.Actions = action.NewService(s.DB, places, node, c.Log)
	s.Actions.LongPoll = c.Hold
	domains := &domain.Service{
		DB: s.DB, Log: c.Log, Nameservers: c.Nameservers, Propagation: c.propagation(),
		Feed: s.Names.feed(s.DB, c.Log),
	}
	s.Droplets = &droplet.Service{
		DB: s.DB, Actions: s.Actions, Images: s.images, Regions: places, Sizes: sizes,
		Pool: pool(c, traits), Engine: s.Engine, Limits: limits, Log: c.Log,
		Resume: c.ResumeDroplets, Budget: s.host.budget, Ready: s.host.ask,
		Features:         traits.DropletFeatures,
		AddressListeners: []droplet.AddressListener{domains},
	}
	droplets, err := s.Droplets.Room()
	if err != nil {
		return errors.Join(err, s.Names.close()) // its room is not added yet
	}
	s.add(account.Room(s.DB, limits), key.Room(s.DB), places.Room(), sizes.Room(),
		droplets, domains.Room(), s.Names.room(), s.Actions.Room(c.KeepActions))
	return nil
}

// openDoor constructs the front door and the panel. It collects the resources
// of each room before anything runs.
func (s *Server) openDoor(guard *space.Guard) error {
	c := s.config
	s.add(resource.Room{Name: "the front door", Sweep: map[string]sweep.Rows{"idempotency keys": idempotency.Sweep}})
	var resources []resource.Resource
	for _, room := range s.rooms {
		for _, r := range room.Resources {
			for route, handler := range r.Handlers {
				if r.ShowsHost {
					r.Handlers[route] = s.host.asked(handler)
				}
			}
			resources = append(resources, r)
		}
		s.registry.MustRegister(room.Collectors...)
		if room.Define != nil {
			room.Define()
		}
	}
	door, err := api.New(api.Config{
		DB: s.DB, Tokens: oauth.NewTokens(s.DB), Limiter: ratelimit.New(c.RateLimit, c.BurstLimit), Version: c.Version, Log: c.Log,
		DiskSpace: guard.Check,
		Metrics:   s.metrics(),
		Resources: resources,
	})
	if err != nil {
		return err
	}
	s.Schema = door.Schema
	s.Handler = withPanel(door, panel.Handler(panel.Config{Version: c.Version, Token: c.Data.Token(), Capabilities: s.host.askedCapabilities, SSH: c.SSH}))
	return nil
}

// metrics serves the figures for Prometheus, of which the budget depends on what
// the engine's host has.
func (s *Server) metrics() http.Handler {
	figures := promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = s.host.ask(r.Context()) // what is not known is left out
		figures.ServeHTTP(w, r)
	})
}
