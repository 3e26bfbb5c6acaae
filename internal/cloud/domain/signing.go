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

// The times of signed domains that are fixed.
const (
	// dsTTL is the longest TTL that registries give DS records, in seconds.
	dsTTL = 86400
	// resignInterval is how often an unchanged signed domain gets a new serial, so that
	// secondaries copy newer signatures.
	resignInterval = 4 * 24 * time.Hour
)

// signing is how a domain is signed.
type signing struct{ zonedb.Signing }

func getSigning(ctx context.Context, q store.Querier, d zonedb.Domain) (signing, error) {
	k, err := zonedb.GetSigning(ctx, q, d.ID)
	return signing{k}, err
}

// timing returns how long resolvers and secondaries may use outdated records.
func (k *signing) timing(propagation time.Duration) dnssec.Timing {
	return dnssec.Timing{DNSKEY: feed.KeyTTL * time.Second, Zone: k.ZoneTTL, DS: dsTTL * time.Second, Propagation: propagation}
}

// next returns the result of Keys.Next and sets Due to when it has to be called again.
func (k *signing) next(now time.Time, propagation time.Duration) dnssec.Keys {
	next, due := k.Next(now, k.timing(propagation))
	k.Due = now.Add(resignInterval)
	if !due.IsZero() && due.Before(k.Due) {
		k.Due = due
	}
	return next
}

// Signing returns how a domain is signed.
func (s *Service) Signing(ctx context.Context, q store.Querier, accountID int64, idOrName string) (SigningView, error) {
	d, err := zonedb.Find(ctx, q, accountID, idOrName)
	if err != nil {
		return SigningView{}, err
	}
	k, err := getSigning(ctx, q, d)
	return k.view(d, s.Propagation), err
}

// Sign executes a step of signing a domain and returns how it is signed then. A step
// whose result is there already changes nothing.
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

// errUnseen rejects confirm_ds before the new key is seen to sign: the lifetime of the
// old key's signatures must not be counted from an earlier time.
var errUnseen = apierr.Invalid("type", "The new key has only just begun to sign: confirm in half a minute")

// setKeys stores other keys for a domain. Name servers read the whole domain after the
// commit.
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

// renew gives a domain a new serial and changes nothing else, so that secondaries copy
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
