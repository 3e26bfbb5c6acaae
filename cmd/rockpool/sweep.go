package main

import (
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// ageFlags are how long is kept what would only grow.
type ageFlags struct {
	KeepActions time.Duration `help:"How long actions are kept after their end, 6h at the least; 0 is for ever." default:"2160h"`
}

// sweeps are the rows that become too old.
func (f ageFlags) sweeps() map[string]sweep.Rows {
	all := map[string]sweep.Rows{"idempotency keys": idempotency.Sweep, "steps of actions": action.SweepSteps}
	if f.KeepActions > 0 {
		all["actions"] = action.Sweep(f.KeepActions)
	}
	return all
}
