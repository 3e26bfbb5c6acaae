package enginetest

import (
	"errors"
	"io"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// consoles is the suite of compute.Consoles.
var consoles = []test{
	{"UnknownID", testConsoleOfNoMachine},
	{"Life", testConsoleInLife},
}

func testConsoleOfNoMachine(h *harness) {
	if _, err := h.engine.(compute.Consoles).Console(h.ctx, 404); !errors.Is(err, compute.ErrNotFound) {
		h.Errorf("console gives %v, want ErrNotFound", err)
	}
}

// testConsoleInLife reads the console of a machine that was never started, that
// runs, and that has stopped, which must begin with what was read before.
func testConsoleInLife(h *harness) {
	const id = 71
	h.must("create", h.engine.Create(h.ctx, h.spec(id)))
	if text := h.console(id); text != "" {
		h.Errorf("the console of a machine that was never started says %q", text)
	}
	h.must("start", h.engine.Start(h.ctx, id))
	running := h.console(id)
	h.must("stop", h.engine.Stop(h.ctx, id))
	stopped := h.console(id)
	if len(stopped) < len(running) || stopped[:len(running)] != running {
		h.Errorf("the console says %q after a stop, said %q before", stopped, running)
	}
	h.nextProcess()
	if next := h.console(id); next != stopped {
		h.Errorf("the console says %q to the next process, said %q before", next, stopped)
	}
}

func (h *harness) console(id int64) string {
	h.Helper()
	console, err := h.engine.(compute.Consoles).Console(h.ctx, id)
	h.must("console", err)
	defer console.Close()
	text, err := io.ReadAll(console)
	h.must("read the console", err)
	return string(text)
}
