package domain

import (
	"context"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// What is known beforehand of the times of signed domains.
const (
	// keyTTL is the TTL of DNSKEY, CDS and CDNSKEY records, in seconds.
	keyTTL = 3600
	// dsTTL is the longest TTL that registries give DS records, in seconds.
	dsTTL = 86400
	// resignInterval is how often a signed domain gets a new serial though
	// nothing has changed, so that secondaries copy newer signatures.
	resignInterval = 4 * 24 * time.Hour
)

// signing is how a domain is signed.
type signing struct {
	dnssec.Keys
	zoneTTL time.Duration // the domain's longest when the key that signs began to
	serial  uint32        // the domain's when the stage began; 0 when the name servers have been seen to have it
	due     time.Time     // when there is something to do
}

// timing is how long others may know what was.
func (k *signing) timing(propagation time.Duration) dnssec.Timing {
	return dnssec.Timing{DNSKEY: keyTTL * time.Second, Zone: k.zoneTTL, DS: dsTTL * time.Second, Propagation: propagation}
}

// next returns the keys as they are to be now, as Keys.Next does, and sets when
// to ask again.
func (k *signing) next(now time.Time, propagation time.Duration) dnssec.Keys {
	next, due := k.Next(now, k.timing(propagation))
	k.due = now.Add(resignInterval)
	if !due.IsZero() && due.Before(k.due) {
		k.due = due
	}
	return next
}

// Signing shows how a domain is signed.
func (s *Service) Signing(ctx context.Context, q store.Querier, accountID int64, idOrName string) (SigningView, error) {
	d, err := Find(ctx, q, accountID, idOrName)
	if err != nil {
		return SigningView{}, err
	}
	k, err := getSigning(ctx, q, d.ID)
	return k.view(d, s.Propagation), err
}

// Sign does a step of signing a domain, or of signing it no more, and shows how
// it is signed then. What is already as the step would have it stays.
func (s *Service) Sign(ctx context.Context, tx *store.Tx, accountID int64, idOrName string, step Step) (SigningView, error) {
	d, err := Find(ctx, tx, accountID, idOrName)
	if err != nil {
		return SigningView{}, err
	}
	k, err := getSigning(ctx, tx, d.ID)
	if err != nil {
		return SigningView{}, err
	}
	if step == StepConfirmDS && k.Stage == dnssec.Switched && k.serial != 0 {
		return SigningView{}, errUnseen
	}
	next, err := step.apply(k.Keys, tx.Now())
	if err == nil && next != k.Keys {
		k, err = s.setKeys(ctx, tx, d, k, next)
	}
	return k.view(d, s.Propagation), err
}

// errUnseen keeps the time that the old key's signatures last for from being
// counted from before the new key signs.
var errUnseen = apierr.Invalid("type", "The new key has only just begun to sign: confirm in half a minute")

// setKeys has a domain signed by other keys: the name servers read it whole after
// the commit.
func (s *Service) setKeys(ctx context.Context, tx *store.Tx, d Domain, k signing, keys dnssec.Keys) (signing, error) {
	to, err := renumber(ctx, tx, d)
	if err != nil {
		return k, err
	}
	was := k.DS(d.Origin(), keyTTL)
	k.Keys, k.serial, k.due = keys, to.Serial, tx.Now()
	if keys.Stage == dnssec.Introduced || keys.Stage == dnssec.Switched {
		if k.zoneTTL, err = longestTTL(ctx, tx, d); err != nil {
			return k, err
		}
	}
	if keys.Stage == dnssec.Unsigned {
		err = removeSigning(ctx, tx, d.ID)
	} else {
		err = saveSigning(ctx, tx, d.ID, k)
	}
	if err != nil {
		return k, err
	}
	err = s.log(ctx, tx, entry{kind: entryZone, name: d.Name, from: d.Serial, serial: to.Serial})
	if err != nil || sameDS(was, k.DS(d.Origin(), keyTTL)) {
		return k, err
	}
	return k, s.delegationChanged(ctx, tx, d.Name)
}

// renew gives a domain a new serial and nothing else, so that secondaries copy
// it again.
func (s *Service) renew(ctx context.Context, tx *store.Tx, d Domain) error {
	to, err := renumber(ctx, tx, d)
	if err != nil {
		return err
	}
	change, err := d.change(to, nil, nil)
	if err != nil {
		return err
	}
	return s.log(ctx, tx, entry{kind: entryChange, name: d.Name, from: d.Serial, serial: to.Serial, change: change})
}

func renumber(ctx context.Context, tx *store.Tx, d Domain) (Domain, error) {
	d.Serial = nextSerial(d.Serial, 0, tx.Now())
	return d, update(ctx, tx, d)
}
