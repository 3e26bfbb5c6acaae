package zonedb

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Domain is a domain of an account.
type Domain struct {
	record.Zone
	ID        int64
	AccountID int64
	CreatedAt time.Time

	// The zone file that the name server rejected last, and why. Both are empty
	// while the name server serves the domain as it is stored.
	BadZoneFile  string
	BadZoneError string
}

const columns = `id, account_id, name, ttl, serial, primary_server, coalesce(bad_zone_file, ''), coalesce(bad_zone_error, ''), created_at`

func scan(row store.Scanner) (Domain, error) {
	var d Domain
	var created int64
	err := row.Scan(&d.ID, &d.AccountID, &d.Name, &d.TTL, &d.Serial, &d.Primary, &d.BadZoneFile, &d.BadZoneError, &created)
	d.CreatedAt = store.Time(created)
	return d, err
}

func one(row *sql.Row) (Domain, error) {
	d, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return d, apierr.NotFound()
	}
	return d, err
}

// Find returns the account's domain with that id or name, or apierr.NotFound.
func Find(ctx context.Context, q store.Querier, accountID int64, idOrName string) (Domain, error) {
	condition, arg := identity(idOrName)
	return one(q.QueryRow(ctx, `SELECT `+columns+` FROM domains WHERE account_id = $1 AND `+condition, accountID, arg))
}

// identity returns the condition for an id, which consists of digits, or for a name.
func identity(idOrName string) (condition string, arg any) {
	if id, ok := resource.ParseID(idOrName); ok {
		return `id = $2`, id
	}
	return `name = $2`, record.NormalName(idOrName)
}

// Hosted returns the domain with that name, of any account; false if there is none.
func Hosted(ctx context.Context, q store.Querier, name string) (d Domain, ok bool, err error) {
	d, err = scan(q.QueryRow(ctx, `SELECT `+columns+` FROM domains WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	return d, err == nil, err
}

// Get returns the domain with that id, of any account, or apierr.NotFound.
func Get(ctx context.Context, q store.Querier, id int64) (Domain, error) {
	return one(q.QueryRow(ctx, `SELECT `+columns+` FROM domains WHERE id = $1`, id))
}

// DomainTable lists domains for the API.
var DomainTable = list.Table[Domain]{
	Select: `SELECT ` + columns + ` FROM domains`,
	From:   `domains`,
	Scan:   scan,
	Attrs: []list.Attr[Domain]{
		{Name: "id", Column: "id", Number: true, Value: func(d Domain) string { return strconv.FormatInt(d.ID, 10) }},
		{Name: "name", Column: "name", Value: func(d Domain) string { return d.Name }},
	},
	Filters: []list.Filter[Domain]{{Name: "name", Where: `name = ?`}},
}

// Insert adds a domain and sets its id and creation time.
func Insert(ctx context.Context, tx *store.Tx, d *Domain) (err error) {
	d.CreatedAt = tx.Now()
	d.ID, err = tx.Insert(ctx, `INSERT INTO domains (account_id, name, ttl, serial, primary_server, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		d.AccountID, d.Name, d.TTL, d.Serial, d.Primary, store.Micros(d.CreatedAt))
	return err
}

// Update stores the domain's TTL and serial.
func Update(ctx context.Context, tx *store.Tx, d Domain) error {
	_, err := tx.Exec(ctx, `UPDATE domains SET ttl = $2, serial = $3 WHERE id = $1`, d.ID, d.TTL, d.Serial)
	return err
}

// SetRejected stores the zone file that the name server rejected and its reason;
// empty texts if it accepted the zone.
func SetRejected(ctx context.Context, tx *store.Tx, name, file, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE domains SET bad_zone_file = nullif($2, ''), bad_zone_error = nullif($3, '') WHERE name = $1`,
		name, file, reason)
	return err
}

// Delete removes a domain with its records and stores its serial for LastSerial.
func Delete(ctx context.Context, tx *store.Tx, d Domain) error {
	if _, err := tx.Exec(ctx, `DELETE FROM domains WHERE id = $1`, d.ID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO domain_serials (name, serial) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET serial = excluded.serial`, d.Name, d.Serial)
	return err
}

// LastSerial returns the last serial of a deleted domain, 0 if there was none. A
// new domain of that name continues from it, so that secondaries do not keep their
// old copy.
func LastSerial(ctx context.Context, q store.Querier, name string) (serial uint32, err error) {
	err = q.QueryRow(ctx, `SELECT serial FROM domain_serials WHERE name = $1`, name).Scan(&serial)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return serial, err
}
