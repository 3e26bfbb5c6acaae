package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// probed is an engine that counts the calls of Capabilities.
type probed struct {
	compute.Engine
	asked int
	err   error
}

func (p *probed) Capabilities(context.Context) (compute.Capabilities, error) {
	p.asked++
	return compute.Capabilities{MemoryMB: 512, HostMemoryMB: 1024}, p.err
}

// Handlers run inside transactions, and the engine may take long. So a
// request calls the engine before its handler, and no more once the
// capabilities are known.
func TestEngineIsProbedBeforeTheHandler(t *testing.T) {
	engine := &probed{err: errors.New("QEMU is not installed")}
	h := &host{engine: engine, asking: make(chan struct{}, 1), log: slog.New(slog.DiscardHandler)}
	_, sizes, places, err := h.catalogs([]string{"nyc3"})
	if err != nil {
		t.Fatal(err)
	}
	show := func() int {
		h.budget()
		places.ViewOf("nyc3")
		return len(sizes.AvailableSlugs())
	}
	handler := h.asked(func(context.Context, *resource.Request) (*resource.Response, error) {
		before := engine.asked
		show()
		if engine.asked != before {
			t.Errorf("the handler has asked the engine %d times", engine.asked-before)
		}
		return nil, nil
	})
	for i, test := range []struct {
		err  error
		want int // number of calls so far
	}{{engine.err, 1}, {engine.err, 2}, {nil, 3}, {nil, 3}} {
		engine.err = test.err
		if _, err := handler(t.Context(), nil); err != nil || engine.asked != test.want {
			t.Errorf("request %d: %v, asked %d times, want %d", i, err, engine.asked, test.want)
		}
	}
	if have, known := h.askedCapabilities(); !known || have.MemoryMB != 512 || engine.asked != 3 {
		t.Errorf("known %v, %+v, asked %d times", known, have, engine.asked)
	}
	if n := show(); n == 0 {
		t.Error("no size is available")
	}
}

// The first scrape after a start has the budget, which depends on the host.
func TestAScrapeAsksTheEngine(t *testing.T) {
	engine := &probed{}
	s := &Server{registry: prometheus.NewRegistry(), host: &host{engine: engine, asking: make(chan struct{}, 1), log: slog.New(slog.DiscardHandler)}}
	s.metrics().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
	if engine.asked != 1 {
		t.Errorf("asked %d times", engine.asked)
	}
}
