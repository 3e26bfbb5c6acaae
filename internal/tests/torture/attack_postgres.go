package torture

import "math/rand/v2"

// killPostgres kills PostgreSQL while the cloud runs, and starts it again after a
// while.
var killPostgres = Attack{
	Name: "kill PostgreSQL",
	Fits: func(w *world) bool { return w.postgres != nil },
	Strike: func(w *world, dice *rand.Rand) {
		w.struck("PostgreSQL killed")
		w.endPostgres()
		w.acknowledged(1 + dice.IntN(2)) // waits for its limit: nothing is acknowledged without a database
		w.beginPostgres()
	},
}

func (w *world) endPostgres() {
	w.excuses.away = true
	if err := w.postgres.Kill(); err != nil {
		w.tb.Errorf("kill PostgreSQL: %v", err)
	}
}

func (w *world) beginPostgres() {
	if err := w.postgres.Restart(); err != nil {
		w.tb.Fatalf("PostgreSQL does not start again: %v", err)
	}
}
