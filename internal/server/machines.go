package server

import (
	"context"
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
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu"
	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
)

const simulatedMachines = "simulated"

// openEngine opens what runs machines.
func (s *Server) openEngine(ctx context.Context) (compute.Engine, error) {
	c := s.config
	// Each by itself: what is returned with an error must be a nil interface.
	if c.Compute == simulatedMachines {
		engine, err := simulated.Open(filepath.Join(c.Data.Folder, "simulated"))
		if err != nil {
			return nil, err
		}
		return engine, nil
	}
	engine, err := qemu.Open(ctx, qemu.Config{
		Dir: c.Data.Droplets(), DataDir: c.Data.Folder, Logger: c.Log,
		Images: func(image compute.Image) (qemu.ImageFile, error) {
			return qemu.ImageFile{Path: s.images.Path(image), Format: "qcow2"}, nil
		},
		Metadata: func(id int64) http.Handler { return metadata.Handler(s.Droplets, id, c.Log) },
	})
	if err != nil {
		return nil, err
	}
	return engine, nil
}

// pool is the droplets' addresses. Ports of simulated machines are never
// bound, so any will do.
func pool(c Config) *address.Pool {
	ports := make([]int, len(c.Forward))
	for i, port := range c.Forward {
		ports[i] = int(port)
	}
	usable := address.Usable
	if c.Compute == simulatedMachines {
		usable = func(netip.AddrPort) bool { return true }
	}
	return address.NewPool(c.Addresses, ports, usable)
}

// catalogs are the slugs of the regions that the cloud answers for, and its
// sizes and regions. Both show what the host can run once the engine knows it.
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

// least is the smaller one of two bounds, of which 0 is none.
func least(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// host is what the engine says of the machine that it runs on.
type host struct {
	engine  compute.Engine
	bounded func(memoryMB, diskGB int) droplet.Budget // nil for no bound
	log     *slog.Logger

	mu    sync.Mutex
	have  compute.Capabilities
	known bool
}

// capabilities asks the engine until it knows what it can do, and remembers
// that. Without QEMU nothing is known; installing it needs no restart.
func (h *host) capabilities() (have compute.Capabilities, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known {
		return h.have, true
	}
	found, err := h.engine.Capabilities(context.Background())
	if err != nil {
		h.log.Debug("the engine can't run machines", "reason", err)
		return compute.Capabilities{}, false
	}
	h.have, h.known = found, true
	return h.have, true
}

// ready returns why no machine can run here; nil if one can.
func (h *host) ready(ctx context.Context) error {
	if _, known := h.capabilities(); known {
		return nil
	}
	_, err := h.engine.Capabilities(ctx)
	return err
}

// budget is what all droplets may have. While the host is not known there is no
// bound, and no machine either.
func (h *host) budget() droplet.Budget {
	if h.bounded == nil {
		return droplet.Budget{}
	}
	have, _ := h.capabilities()
	return h.bounded(have.HostMemoryMB, have.HostDiskGB)
}
