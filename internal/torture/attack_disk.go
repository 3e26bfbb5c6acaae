package torture

import "math/rand/v2"

// fillDisk takes all space of the data folder for a while.
var fillDisk = Attack{
	Name: "fill the disk",
	Fits: func(w *world) bool { return w.disk != nil },
	Strike: func(w *world, dice *rand.Rand) {
		w.struck("disk filled")
		w.excuses.failures, w.excuses.refusals = true, true
		if err := w.disk.fill(); err != nil {
			w.tb.Error(err)
		}
		w.acknowledged(1 + dice.IntN(w.kind.strides))
		if err := w.disk.free(); err != nil {
			w.tb.Error(err)
		}
	},
}
