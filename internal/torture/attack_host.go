package torture

import (
	"math/rand/v2"
	"strconv"

	"golang.org/x/sys/unix"
)

// restartHost kills all that a host's restart would end, and starts what it
// would start.
var restartHost = Attack{
	Name: "restart the host",
	Strike: func(w *world, _ *rand.Rand) {
		w.struck("hosts restarted")
		w.Kill()
		for _, p := range w.MachineProcesses() {
			if id, err := strconv.Atoi(p.Folder); err == nil {
				w.disturb(id)
			}
			w.signal(p.PID, unix.SIGKILL)
		}
		if w.postgres != nil {
			w.endPostgres()
			w.beginPostgres()
		}
		w.Start()
	},
}
