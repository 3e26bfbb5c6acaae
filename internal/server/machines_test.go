package server

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// probed is an engine that counts how often it is asked what it can do.
type probed struct {
	compute.Engine
	asked int
	err   error
}

func (p *probed) Capabilities(context.Context) (compute.Capabilities, error) {
	p.asked++
	return compute.Capabilities{MemoryMB: 512, HostMemoryMB: 1024}, p.err
}

// What is shown inside a transaction must not ask the engine, which may take its
// time; a request asks before, until the engine knows.
func TestEngineIsProbedBeforeTheHandler(t *testing.T) {
	engine := &probed{err: errors.New("QEMU is not installed")}
	h := &host{engine: engine, log: slog.New(slog.DiscardHandler)}
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
		want int // times asked
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
