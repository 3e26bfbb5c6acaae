package domain

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// getSigning returns how a domain is signed; one that is not has the stage
// dnssec.Unsigned.
func getSigning(ctx context.Context, q store.Querier, domainID int64) (k signing, err error) {
	var text string
	var since, zoneTTL, due int64
	var switched sql.NullInt64
	row := q.QueryRow(ctx, `SELECT `+keysText+`, since, switched, zone_ttl, coalesce(serial, 0), due_at
		FROM domain_keys k WHERE domain_id = $1`, domainID)
	switch err := row.Scan(&text, &since, &switched, &zoneTTL, &k.serial, &due); {
	case errors.Is(err, sql.ErrNoRows):
		return signing{Keys: dnssec.Keys{Stage: dnssec.Unsigned}}, nil
	case err != nil:
		return k, err
	}
	if k.Keys, err = parseKeys(text); err != nil {
		return k, fmt.Errorf("read a domain's keys: %w", err)
	}
	k.Since, k.zoneTTL, k.due = store.Time(since), time.Duration(zoneTTL)*time.Second, store.Time(due)
	if switched.Valid {
		k.Switched = store.Time(switched.Int64)
	}
	return k, nil
}

func parseKey(text string) (*dnssec.Key, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return dnssec.ParseKey(der)
}

func saveSigning(ctx context.Context, tx *store.Tx, domainID int64, k signing) error {
	key, err := keyText(k.Key)
	if err != nil {
		return err
	}
	successor, err := keyText(k.Successor)
	if err != nil {
		return err
	}
	var switched sql.NullInt64
	if !k.Switched.IsZero() {
		switched = sql.NullInt64{Int64: store.Micros(k.Switched), Valid: true}
	}
	_, err = tx.Exec(ctx, `INSERT INTO domain_keys (domain_id, stage, since, switched, key, successor, zone_ttl, serial, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, 0), $9)
		ON CONFLICT (domain_id) DO UPDATE SET stage = excluded.stage, since = excluded.since, switched = excluded.switched,
			key = excluded.key, successor = excluded.successor, zone_ttl = excluded.zone_ttl, serial = excluded.serial, due_at = excluded.due_at`,
		domainID, k.Stage, store.Micros(k.Since), switched, key, successor, int64(k.zoneTTL/time.Second), k.serial, store.Micros(k.due))
	return err
}

// keyText is a key as the database has it; null for none.
func keyText(k *dnssec.Key) (sql.NullString, error) {
	if k == nil {
		return sql.NullString{}, nil
	}
	der, err := k.Marshal()
	return sql.NullString{String: base64.StdEncoding.EncodeToString(der), Valid: true}, err
}

func removeSigning(ctx context.Context, tx *store.Tx, domainID int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM domain_keys WHERE domain_id = $1`, domainID)
	return err
}

// longestTTL returns the longest time that anybody may keep an answer of a
// domain.
func longestTTL(ctx context.Context, q store.Querier, d Domain) (time.Duration, error) {
	var longest int64
	err := q.QueryRow(ctx, `SELECT coalesce(max(ttl), 0) FROM domain_records WHERE domain_id = $1`, d.ID).Scan(&longest)
	return time.Duration(max(longest, int64(d.TTL), soaMinimum)) * time.Second, err
}

// dueDomain is a domain whose keys have something to do.
type dueDomain struct {
	id   int64
	name string
}

// dueDomains returns those that wait longest.
func dueDomains(ctx context.Context, q store.Querier, now time.Time, limit int) ([]dueDomain, error) {
	rows, err := q.Query(ctx, `SELECT d.id, d.name FROM domain_keys k JOIN domains d ON d.id = k.domain_id
		WHERE k.due_at <= $1 ORDER BY k.due_at LIMIT $2`, store.Micros(now), limit)
	return store.Collect(rows, err, func(row store.Scanner) (d dueDomain, err error) {
		err = row.Scan(&d.id, &d.name)
		return d, err
	})
}
