package torture

import "math/rand/v2"

// killRockpool kills the program, and starts it again.
var killRockpool = Attack{
	Name: "kill rockpool",
	Strike: func(w *world, _ *rand.Rand) {
		w.crash()
		w.Start()
	},
}

// restartRockpool stops the program by SIGTERM, and starts it again.
var restartRockpool = Attack{
	Name: "restart rockpool",
	Strike: func(w *world, _ *rand.Rand) {
		w.struck("rockpool stopped")
		w.Restart()
	},
}

func (w *world) crash() {
	w.struck("rockpool killed")
	w.Kill()
}
