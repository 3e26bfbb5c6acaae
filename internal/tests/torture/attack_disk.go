package torture

import "math/rand/v2"

// fillDisk fills the file system of the data folder for a while. In half of the
// cases the program is killed meanwhile, and has to start without free space.
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
		if dice.IntN(2) == 0 {
			w.crash()
			w.Start()
			w.acknowledged(1)
		}
		if err := w.disk.free(); err != nil {
			w.tb.Error(err)
		}
	},
}
