package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/cloud/metadata"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu"
	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
)

// engineKind is an engine that the cloud can run, and how it is opened.
type engineKind struct {
	traits compute.Traits
	open   func(ctx context.Context, s *Server) (compute.Engine, error)
}

var engineKinds = []engineKind{{qemu.Traits, openQEMU}, {simulated.Traits, openSimulated}}

func engineKindOf(name string) (engineKind, error) {
	for _, k := range engineKinds {
		if k.traits.Name == name {
			return k, nil
		}
	}
	return engineKind{}, fmt.Errorf("no engine is called %q", name)
}

// TraitsOf returns the traits of the engine with that name; the zero value if
// there is no such engine.
func TraitsOf(name string) compute.Traits {
	k, err := engineKindOf(name)
	if err != nil {
		return compute.Traits{}
	}
	return k.traits
}

func openQEMU(ctx context.Context, s *Server) (compute.Engine, error) {
	c := s.config
	return qemu.Open(ctx, qemu.Config{
		Dir: c.Data.Droplets(), DataDir: c.Data.Folder, Logger: c.Log,
		Images: func(image compute.Image) (qemu.ImageFile, error) {
			return qemu.ImageFile{Path: s.images.Path(image), Format: "qcow2"}, nil
		},
		Metadata: func(id int64) http.Handler { return metadata.Handler(s.Droplets, id, c.Log) },
	})
}

func openSimulated(_ context.Context, s *Server) (compute.Engine, error) {
	return simulated.Open(filepath.Join(s.config.Data.Folder, simulated.Traits.Name))
}

// openEngine opens the engine that runs machines.
func (s *Server) openEngine(ctx context.Context) error {
	k, err := engineKindOf(s.config.Compute)
	if err != nil {
		return err
	}
	engine, err := k.open(ctx, s)
	if err != nil {
		return err // engine may contain a nil pointer
	}
	s.Engine = engine
	return nil
}

// pool returns the address pool of droplets. If the engine does not bind
// ports on the host, all ports are usable.
func pool(c Config, traits compute.Traits) *address.Pool {
	ports := make([]int, len(c.Forward))
	for i, port := range c.Forward {
		ports[i] = int(port)
	}
	usable := func(netip.AddrPort) bool { return true }
	if traits.BindsPorts {
		usable = address.Usable
	}
	return address.NewPool(c.Addresses, ports, usable)
}

// catalogs returns the slugs of the regions of this cloud, and the catalogs
// of sizes and regions. The catalogs show what the host can run once the
// engine knows that.
func (h *host) catalogs(slugs []string) (regions []string, sizes *size.Catalog, places *region.Catalog, err error) {
	if regions = slugs; len(regions) == 0 {
		regions = region.Slugs()
	}
	sizes = size.NewCatalog(regions, func() (size.Bounds, bool) {
		have, known := h.capabilities()
		budget := h.budget()
		return size.Bounds{MemoryMB: least(have.MemoryMB, budget.MemoryMB), VCPUs: have.VCPUs, DiskGB: budget.DiskGB}, known
	})
	places, err = region.NewCatalog(regions, sizes, func() ([]string, bool) {
		have, known := h.capabilities()
		return append([]string{}, have.Features...), known
	})
	return regions, sizes, places, err
}

// least returns the smaller one of two limits. 0 means no limit.
func least(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// host caches what the engine reports about the machine that it runs on.
type host struct {
	engine  compute.Engine
	bounded func(memoryMB, diskGB int) droplet.Budget // nil for no limit
	log     *slog.Logger

	asking chan struct{} // holds a value while the engine is asked
	mu     sync.Mutex
	have   compute.Capabilities
	known  bool
}

// capabilities returns what the engine can do; known is false if ask has not
// succeeded yet.
func (h *host) capabilities() (have compute.Capabilities, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.have, h.known
}

// ask gets the capabilities from the engine, unless they are known. The
// engine may take long, so do not call ask in a transaction. It fails while
// QEMU is not installed, and succeeds after an installation without a
// restart.
func (h *host) ask(ctx context.Context) error {
	if _, known := h.capabilities(); known {
		return nil
	}
	select {
	case h.asking <- struct{}{}:
		defer func() { <-h.asking }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if _, known := h.capabilities(); known {
		return nil
	}
	found, err := h.engine.Capabilities(context.WithoutCancel(ctx)) // other requests wait for the same result
	if err != nil {
		h.log.Debug("the engine can't run machines", "reason", err)
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.have, h.known = found, true
	return nil
}

// askedCapabilities calls ask and returns the capabilities.
func (h *host) askedCapabilities() (have compute.Capabilities, known bool) {
	_ = h.ask(context.Background()) // after a failure, known is false
	return h.capabilities()
}

// asked returns a handler that calls ask before handler, so that handler
// itself needs no call of the engine.
func (h *host) asked(handler resource.Handler) resource.Handler {
	return func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
		// Sizes and regions are unavailable after a failure, and a create
		// reports the reason.
		_ = h.ask(ctx)
		return handler(ctx, r)
	}
}

// budget returns the budget of all droplets. There is no limit until the
// capabilities of the host are known, and no machine can run until then.
func (h *host) budget() droplet.Budget {
	if h.bounded == nil {
		return droplet.Budget{}
	}
	have, _ := h.capabilities()
	return h.bounded(have.HostMemoryMB, have.HostDiskGB)
}
