package domain

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

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

// identity is a condition for an id, which is digits and nothing else, or for
// a name.
func identity(idOrName string) (condition string, arg any) {
	if id, ok := resource.ParseID(idOrName); ok {
		return `id = $2`, id
	}
	return `name = $2`, normalName(idOrName)
}

// hosted returns the domain with that name, of whatever account.
func hosted(ctx context.Context, q store.Querier, name string) (d Domain, ok bool, err error) {
	d, err = scan(q.QueryRow(ctx, `SELECT `+columns+` FROM domains WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	return d, err == nil, err
}

// get returns the domain with that id, of whatever account, or apierr.NotFound.
func get(ctx context.Context, q store.Querier, id int64) (Domain, error) {
	return one(q.QueryRow(ctx, `SELECT `+columns+` FROM domains WHERE id = $1`, id))
}

var table = list.Table[Domain]{
	Select: `SELECT ` + columns + ` FROM domains`,
	From:   `domains`,
	Scan:   scan,
	Attrs: []list.Attr[Domain]{
		{Name: "id", Column: "id", Number: true, Value: func(d Domain) string { return strconv.FormatInt(d.ID, 10) }},
		{Name: "name", Column: "name", Value: func(d Domain) string { return d.Name }},
	},
	Filters: []list.Filter[Domain]{{Name: "name", Where: `name = ?`}},
}

func insert(ctx context.Context, tx *store.Tx, d *Domain) (err error) {
	d.CreatedAt = tx.Now()
	d.ID, err = tx.Insert(ctx, `INSERT INTO domains (account_id, name, ttl, serial, primary_server, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		d.AccountID, d.Name, d.TTL, d.Serial, d.Primary, store.Micros(d.CreatedAt))
	return err
}

func update(ctx context.Context, tx *store.Tx, d Domain) error {
	_, err := tx.Exec(ctx, `UPDATE domains SET ttl = $2, serial = $3 WHERE id = $1`, d.ID, d.TTL, d.Serial)
	return err
}

// setBad notes what the name server thinks of the zone; empty texts if it
// serves it.
func setBad(ctx context.Context, tx *store.Tx, name, file, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE domains SET bad_zone_file = nullif($2, ''), bad_zone_error = nullif($3, '') WHERE name = $1`,
		name, file, reason)
	return err
}

// remove removes a domain with its records, and keeps its serial.
func remove(ctx context.Context, tx *store.Tx, d Domain) error {
	if _, err := tx.Exec(ctx, `DELETE FROM domains WHERE id = $1`, d.ID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO domain_serials (name, serial) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET serial = excluded.serial`, d.Name, d.Serial)
	return err
}

// lastSerial returns the last serial of a domain that is gone, 0 if there was
// none.
func lastSerial(ctx context.Context, q store.Querier, name string) (serial uint32, err error) {
	err = q.QueryRow(ctx, `SELECT serial FROM domain_serials WHERE name = $1`, name).Scan(&serial)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return serial, err
}
