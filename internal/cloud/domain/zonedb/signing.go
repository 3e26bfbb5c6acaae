package zonedb

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// Signing is how a domain is signed.
type Signing struct {
	dnssec.Keys
	ZoneTTL time.Duration // longest TTL in the domain when the key that signs began to sign
	Serial  uint32        // of the domain when the stage began; 0 once name servers were seen to serve it
	Due     time.Time     // when UpdateDueKeys has to update it
}

// GetSigning returns how a domain is signed. The stage of one that is not signed is
// dnssec.Unsigned.
func GetSigning(ctx context.Context, q store.Querier, domainID int64) (k Signing, err error) {
	var text string
	var since, zoneTTL, due int64
	var switched sql.NullInt64
	row := q.QueryRow(ctx, `SELECT `+keysText+`, since, switched, zone_ttl, coalesce(serial, 0), due_at
		FROM domain_keys k WHERE domain_id = $1`, domainID)
	switch err := row.Scan(&text, &since, &switched, &zoneTTL, &k.Serial, &due); {
	case errors.Is(err, sql.ErrNoRows):
		return Signing{Keys: dnssec.Keys{Stage: dnssec.Unsigned}}, nil
	case err != nil:
		return k, err
	}
	if k.Keys, err = ParseKeys(text); err != nil {
		return k, fmt.Errorf("read a domain's keys: %w", err)
	}
	k.Since, k.ZoneTTL, k.Due = store.Time(since), time.Duration(zoneTTL)*time.Second, store.Time(due)
	if switched.Valid {
		k.Switched = store.Time(switched.Int64)
	}
	return k, nil
}

// keysText is the SQL expression of a domain's keys as one text, from a row named k.
const keysText = `k.stage || ' ' || k.key || coalesce(' ' || k.successor, '')`

// ParseKeys parses the keys of a Served domain. The result has no times.
func ParseKeys(text string) (k dnssec.Keys, err error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return k, fmt.Errorf("%d fields", len(fields))
	}
	k.Stage = dnssec.Stage(fields[0])
	if k.Key, err = parseKey(fields[1]); err == nil && len(fields) > 2 {
		k.Successor, err = parseKey(fields[2])
	}
	return k, err
}

func parseKey(text string) (*dnssec.Key, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return dnssec.ParseKey(der)
}

// SaveSigning stores how a domain is signed.
func SaveSigning(ctx context.Context, tx *store.Tx, domainID int64, k Signing) error {
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
		domainID, k.Stage, store.Micros(k.Since), switched, key, successor, int64(k.ZoneTTL/time.Second), k.Serial, store.Micros(k.Due))
	return err
}

// keyText is the stored form of a key; null for none.
func keyText(k *dnssec.Key) (sql.NullString, error) {
	if k == nil {
		return sql.NullString{}, nil
	}
	der, err := k.Marshal()
	return sql.NullString{String: base64.StdEncoding.EncodeToString(der), Valid: true}, err
}

// DeleteSigning removes the keys of a domain.
func DeleteSigning(ctx context.Context, tx *store.Tx, domainID int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM domain_keys WHERE domain_id = $1`, domainID)
	return err
}

// LongestTTL returns the longest time for which resolvers may cache an answer of a
// domain.
func LongestTTL(ctx context.Context, q store.Querier, d Domain) (time.Duration, error) {
	var longest int64
	err := q.QueryRow(ctx, `SELECT coalesce(max(ttl), 0) FROM domain_records WHERE domain_id = $1`, d.ID).Scan(&longest)
	return time.Duration(max(longest, int64(d.TTL), record.SOAMinimum)) * time.Second, err
}

// DueDomain is a domain whose Signing is due.
type DueDomain struct {
	ID   int64
	Name string
}

// DueDomains returns the domains whose Signing is due, the longest overdue first.
func DueDomains(ctx context.Context, q store.Querier, now time.Time, limit int) ([]DueDomain, error) {
	rows, err := q.Query(ctx, `SELECT d.id, d.name FROM domain_keys k JOIN domains d ON d.id = k.domain_id
		WHERE k.due_at <= $1 ORDER BY k.due_at LIMIT $2`, store.Micros(now), limit)
	return store.Collect(rows, err, func(row store.Scanner) (d DueDomain, err error) {
		err = row.Scan(&d.ID, &d.Name)
		return d, err
	})
}
