package enginetest

import "github.com/rockpool-cloud/rockpool/internal/machines/compute"

// hosted is the suite of compute.Hosted.
var hosted = []test{{"SameHost", testSameHost}}

// testSameHost asks several times and in two processes, while the host runs.
func testSameHost(h *harness) {
	first := h.hostLife()
	h.start(72)
	if again := h.hostLife(); again != first {
		h.Errorf("the host's life is %q, was %q", again, first)
	}
	h.nextProcess()
	if next := h.hostLife(); next != first {
		h.Errorf("the host's life is %q for the next process, was %q", next, first)
	}
	h.wantState(72, compute.Running)
}

func (h *harness) hostLife() string {
	h.Helper()
	life, err := h.engine.(compute.Hosted).HostLife()
	h.must("host life", err)
	return life
}
