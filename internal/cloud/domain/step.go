package domain

import (
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// Step is a request to change how a domain is signed; the words are the API's.
type Step string

// The steps.
const (
	StepSign      Step = "sign"
	StepRollover  Step = "rollover"
	StepConfirmDS Step = "confirm_ds" // the parent zone has the DS records of this stage
	StepUnsign    Step = "unsign"
)

// apply returns the keys after the step.
func (s Step) apply(k dnssec.Keys, now time.Time) (dnssec.Keys, error) {
	switch s {
	case StepSign:
		return sign(k, now)
	case StepRollover:
		return roll(k, now)
	case StepConfirmDS:
		next, err := k.SawDS(now)
		if err != nil {
			return k, apierr.Invalid("type", "There is nothing to confirm: a domain waits for its parent's DS records at the stages switched and leaving, and this one is %s", k.Stage)
		}
		return next, nil
	case StepUnsign:
		return leave(k, now)
	}
	return k, apierr.Invalid("type", "Type must be one of: sign, rollover, confirm_ds, unsign")
}

func sign(k dnssec.Keys, now time.Time) (dnssec.Keys, error) {
	switch k.Stage {
	case dnssec.Unsigned:
		key, err := dnssec.Generate()
		if err != nil {
			return k, err
		}
		return dnssec.Sign(key, now), nil
	case dnssec.Leaving, dnssec.Left: // it is still signed
		return dnssec.Sign(k.Key, now), nil
	}
	return k, nil
}

func roll(k dnssec.Keys, now time.Time) (dnssec.Keys, error) {
	if k.Stage != dnssec.Stable {
		return k, apierr.Invalid("type", "A rollover can begin when the domain's signing is stable, and it is %s", k.Stage)
	}
	successor, err := dnssec.Generate(k.Key)
	if err != nil {
		return k, err
	}
	return k.Roll(successor, now)
}

func leave(k dnssec.Keys, now time.Time) (dnssec.Keys, error) {
	switch k.Stage {
	case dnssec.Unsigned, dnssec.Leaving, dnssec.Left:
		return k, nil
	case dnssec.Introduced, dnssec.Stable:
		return k.Leave(now)
	}
	return k, apierr.Invalid("type", "A rollover is under way, at the stage %s: end it first, until the domain's signing is stable", k.Stage)
}
