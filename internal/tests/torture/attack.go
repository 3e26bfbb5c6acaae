package torture

import (
	"math/rand/v2"
	"time"
)

// Attack is one way to damage a cloud.
type Attack struct {
	Name string
	// Fits reports whether the attack makes sense in a world; nil: in each.
	Fits func(*world) bool
	// Strike does the damage, counts it, and returns when the cloud serves again.
	// Its random choices come from dice only.
	Strike func(*world, *rand.Rand)
}

// Attacks has all attacks.
var Attacks = []Attack{
	killRockpool, restartRockpool,
	lookAtDatabase, backUpDatabase, restoreBackup,
	killQEMU, freezeQEMU, leaveQEMUFrozen,
	fillDisk,
	killPostgres,
	restartHost,
}

// plan returns the attacks of a round: each one that fits, in random order, and
// after about half of them a kill of the program.
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

// longestDelay lets a strike come at any moment of a request.
const longestDelay = 30 * time.Millisecond

// strike waits for a random number of acknowledged requests, and then attacks.
func (w *world) strike(a Attack, dice *rand.Rand) {
	requests, delay := 1+dice.IntN(w.kind.strides), dice.Int64N(int64(longestDelay))
	w.acknowledged(requests)
	// The moment within a request is random: there is no event to wait for.
	<-time.After(time.Duration(delay))
	w.tb.Logf("%s, after %d more requests", a.Name, requests)
	begin := time.Now()
	a.Strike(w, dice)
	w.tb.Logf("%s: the cloud serves again after %v", a.Name, time.Since(begin).Round(time.Millisecond))
}
