package torture

import (
	"math/rand/v2"
	"time"
)

// Attack is one way to do a cloud harm.
type Attack struct {
	Name string
	// Fits reports whether the attack makes sense in a world; nil: in each.
	Fits func(*world) bool
	// Strike does the harm, counts it, and returns when the cloud serves again.
	// What it throws it takes from the dice alone.
	Strike func(*world, *rand.Rand)
}

// Attacks is all of them. Another one is a file with an Attack, and a line here.
var Attacks = []Attack{
	killRockpool, restartRockpool,
	lookAtDatabase, backUpDatabase, restoreBackup,
	killQEMU, freezeQEMU, leaveQEMUFrozen,
	fillDisk,
	killPostgres,
	restartHost,
}

// plan is what a seed throws for a round: each attack that fits, in any order,
// and a kill of the program after every second or so.
func plan(w *world, dice *rand.Rand) (strikes []Attack) {
	for _, i := range dice.Perm(len(Attacks)) {
		kill := dice.IntN(2) == 0
		if a := Attacks[i]; a.Fits == nil || a.Fits(w) {
			strikes = append(strikes, a)
			if kill {
				strikes = append(strikes, killRockpool)
			}
		}
	}
	return strikes
}

// longestDelay is for a strike to come somewhere within a request.
const longestDelay = 30 * time.Millisecond

// strike waits for the attack's moment, and then attacks.
func (w *world) strike(a Attack, dice *rand.Rand) {
	requests, delay := 1+dice.IntN(w.kind.strides), dice.Int64N(int64(longestDelay))
	w.acknowledged(requests)
	// The moment of a strike is what is tried, not an event to wait for.
	<-time.After(time.Duration(delay))
	w.tb.Logf("%s, after %d more requests", a.Name, requests)
	begin := time.Now()
	a.Strike(w, dice)
	w.tb.Logf("%s: the cloud serves again after %v", a.Name, time.Since(begin).Round(time.Millisecond))
}
