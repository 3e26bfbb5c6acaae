package domain

import (
	"context"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// What is known beforehand of the times of signed domains.
const (
	// dsTTL is the longest TTL that registries give DS records, in seconds.
	dsTTL = 86400
	// resignInterval is how often a signed domain gets a new serial though
	// nothing has changed, so that secondaries copy newer signatures.
	resignInterval = 4 * 24 * time.Hour
)

// signing is how a domain is signed.
type signing struct{ zonedb.Signing }

func getSigning(ctx context.Context, q store.Querier, d zonedb.Domain) (signing, error) {
	k, err := zonedb.GetSigning(ctx, q, d.ID)
	return signing{k}, err
}

// timing is how long others may know what was.
func (k *signing) timing(propagation time.Duration) dnssec.Timing {
	return dnssec.Timing{DNSKEY: feed.KeyTTL * time.Second, Zone: k.ZoneTTL, DS: dsTTL * time.Second, Propagation: propagation}
}

// next returns the keys as they are to be now, as Keys.Next does, and sets when
// to ask again.
func (k *signing) next(now time.Time, propagation time.Duration) dnssec.Keys {
	next, due := k.Next(now, k.timing(propagation))
	k.Due = now.Add(resignInterval)
	if !due.IsZero() && due.Before(k.Due) {
		k.Due = due
	}
	return next
}

// Signing shows how a domain is signed.
func (s *Service) Signing(ctx context.Context, q store.Querier, accountID int64, idOrName string) (SigningView, error) {
	d, err := zonedb.Find(ctx, q, accountID, idOrName)
	if err != nil {
		return SigningView{}, err
	}
	k, err := getSigning(ctx, q, d)
	return k.view(d, s.Propagation), err
}

// Sign does a step of signing a domain, or of signing it no more, and shows how
// it is signed then. What is already as the step would have it stays.
func (s *Service) Sign(ctx context.Context, tx *store.Tx, accountID int64, idOrName string, step Step) (SigningView, error) {
	d, err := zonedb.Find(ctx, tx, accountID, idOrName)
	if err != nil {
		return SigningView{}, err
	}
	k, err := getSigning(ctx, tx, d)
	if err != nil {
		return SigningView{}, err
	}
	if step == StepConfirmDS && k.Stage == dnssec.Switched && k.Serial != 0 {
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
func (s *Service) setKeys(ctx context.Context, tx *store.Tx, d zonedb.Domain, k signing, keys dnssec.Keys) (signing, error) {
	to, err := renumber(ctx, tx, d)
	if err != nil {
		return k, err
	}
	was := k.DS(d.Origin(), feed.KeyTTL)
	k.Keys, k.Serial, k.Due = keys, to.Serial, tx.Now()
	if keys.Stage == dnssec.Introduced || keys.Stage == dnssec.Switched {
		if k.ZoneTTL, err = zonedb.LongestTTL(ctx, tx, d); err != nil {
			return k, err
		}
	}
	if keys.Stage == dnssec.Unsigned {
		err = zonedb.DeleteSigning(ctx, tx, d.ID)
	} else {
		err = zonedb.SaveSigning(ctx, tx, d.ID, k.Signing)
	}
	if err != nil {
		return k, err
	}
	err = s.Feed.Append(ctx, tx, feed.Entry{Kind: feed.Replaced, Name: d.Name, From: d.Serial, Serial: to.Serial})
	if err != nil || sameDS(was, k.DS(d.Origin(), feed.KeyTTL)) {
		return k, err
	}
	return k, s.delegationChanged(ctx, tx, d.Name)
}

// renew gives a domain a new serial and nothing else, so that secondaries copy
// it again.
func (s *Service) renew(ctx context.Context, tx *store.Tx, d zonedb.Domain) error {
	to, err := renumber(ctx, tx, d)
	if err != nil {
		return err
	}
	change, err := d.Change(to.Zone, nil, nil)
	if err != nil {
		return err
	}
	return s.Feed.Append(ctx, tx, feed.Entry{Kind: feed.Changed, Name: d.Name, From: d.Serial, Serial: to.Serial, Change: change})
}

func renumber(ctx context.Context, tx *store.Tx, d zonedb.Domain) (zonedb.Domain, error) {
	d.Serial = zone.NextSerial(d.Serial, 0, tx.Now())
	return d, zonedb.Update(ctx, tx, d)
}
