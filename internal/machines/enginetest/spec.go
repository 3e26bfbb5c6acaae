package enginetest

import (
	"cmp"
	"errors"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// spoiled are the ways in which a spec can be wrong, for Create and for Change.
var spoiled = map[string]func(*compute.Spec){
	"no processors":      func(s *compute.Spec) { s.VCPUs = 0 },
	"no memory":          func(s *compute.Spec) { s.MemoryMB = 0 },
	"no disk":            func(s *compute.Spec) { s.Disks = nil },
	"an empty disk":      func(s *compute.Spec) { s.Disks[0].SizeGB = 0 },
	"no interface":       func(s *compute.Spec) { s.Interfaces = nil },
	"no MAC":             func(s *compute.Spec) { s.Interfaces[0].MAC = "" },
	"a line in its name": func(s *compute.Spec) { s.Hostname = "a\nb" },
	"host port 0":        func(s *compute.Spec) { s.Interfaces[0].Forwards[0].HostPort = 0 },
	"guest port 65536":   func(s *compute.Spec) { s.Interfaces[0].Forwards[0].GuestPort = 1 << 16 },
	"a port twice": func(s *compute.Spec) {
		s.Interfaces[0].Forwards = slices.Repeat(s.Interfaces[0].Forwards, 2)
	},
}

func testRejectedSpec(h *harness) {
	const id = 13
	for name, spoil := range spoiled {
		spec := h.spec(id)
		spoil(&spec)
		if err := h.engine.Create(h.ctx, spec); err == nil {
			h.Errorf("a machine with %s was created", name)
		}
		h.wantState(id, compute.Absent)
	}
	h.wantList()
}

// testNumbers makes a machine with as many disks and interfaces as the engine
// says that it can have, or with two of what it sets no bound for.
func testNumbers(h *harness) {
	const id = 19
	have, err := h.engine.Capabilities(h.ctx)
	h.must("capabilities", err)
	for _, bound := range []struct {
		most int
		add  func(*compute.Spec)
	}{
		{have.Disks, func(s *compute.Spec) { s.Disks = append(s.Disks, s.Disks[0]) }},
		{have.Interfaces, func(s *compute.Spec) {
			next := compute.Interface{MAC: netMAC(byte(200 + len(s.Interfaces)))}
			s.Interfaces = append(s.Interfaces, next)
		}},
	} {
		spec := h.spec(id)
		for range cmp.Or(bound.most, 2) - 1 {
			bound.add(&spec)
		}
		h.must("create", h.engine.Create(h.ctx, spec))
		h.must("start", h.engine.Start(h.ctx, id))
		h.wantSeen(spec)
		h.must("destroy", h.engine.Destroy(h.ctx, id))
		bound.add(&spec)
		if err := h.engine.Create(h.ctx, spec); (err != nil) != (bound.most > 0) {
			h.Errorf("a machine of %d disks and %d interfaces gives %v; it can have %d and %d (0: any number)",
				len(spec.Disks), len(spec.Interfaces), err, have.Disks, have.Interfaces)
		}
		h.must("destroy", h.engine.Destroy(h.ctx, id))
	}
}

func (h *harness) wantSpec(want compute.Spec) {
	h.Helper()
	got, err := h.engine.Spec(h.ctx, want.ID)
	h.must("spec", err)
	if !got.Equal(want) {
		h.Fatalf("the spec is %+v, want %+v", got, want)
	}
}

// wantSeen compares what the guest of a running machine has with a spec.
func (h *harness) wantSeen(want compute.Spec) {
	h.Helper()
	if got := h.seen(want.ID); !sees(got, want) {
		h.Fatalf("the guest of machine %d has %+v, want %+v", want.ID, got, want)
	}
}

func (h *harness) seen(id int64) compute.Spec {
	h.Helper()
	return h.options.Seen(h.T, h.engine, id)
}

func sees(got, want compute.Spec) bool {
	return !got.NeedsStop(want)
}

var errInjected = errors.New("failed by fault injection")
