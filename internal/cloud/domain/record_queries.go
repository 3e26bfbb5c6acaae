package domain

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const recordColumns = `id, domain_id, type, name, data, priority, port, weight, flags, tag, ttl, coalesce(droplet_id, 0)`

func scanRecord(row store.Scanner) (Record, error) {
	var r Record
	err := row.Scan(r.fields()...)
	return r, err
}

// fields are where the columns of a record go.
func (r *Record) fields() []any {
	return []any{&r.ID, &r.DomainID, &r.Type, &r.Name, &r.Data, &r.Priority, &r.Port, &r.Weight, &r.Flags, &r.Tag, &r.TTL, &r.DropletID}
}

// getRecord returns the domain's record with that id, or apierr.NotFound.
func getRecord(ctx context.Context, q store.Querier, domainID, id int64) (Record, error) {
	r, err := scanRecord(q.QueryRow(ctx, `SELECT `+recordColumns+` FROM domain_records WHERE id = $1 AND domain_id = $2`, id, domainID))
	if errors.Is(err, sql.ErrNoRows) {
		return r, apierr.NotFound()
	}
	return r, err
}

// Records returns a domain's records.
func Records(ctx context.Context, q store.Querier, domainID int64) ([]Record, error) {
	rows, err := q.Query(ctx, `SELECT `+recordColumns+` FROM domain_records WHERE domain_id = $1 ORDER BY id`, domainID)
	return store.Collect(rows, err, scanRecord)
}

func countRecords(ctx context.Context, q store.Querier, domainID int64) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM domain_records WHERE domain_id = $1`, domainID).Scan(&n)
	return n, err
}

// The records of one name, by the name or by the id of one of them. The plus
// keeps SQLite from reading the whole domain by an index that is in that order.
const (
	selectAt = `SELECT ` + recordColumns + ` FROM domain_records
		WHERE domain_id = $1 AND name_key = $2 ORDER BY +id`
	selectBeside = `SELECT ` + recordColumns + ` FROM domain_records
		WHERE domain_id = $1 AND name_key = (SELECT name_key FROM domain_records WHERE domain_id = $1 AND id = $2) ORDER BY +id`
)

// recordsAt returns the domain's records of one name.
func recordsAt(ctx context.Context, q store.Querier, domainID int64, key string) ([]Record, error) {
	rows, err := q.Query(ctx, selectAt, domainID, key)
	return store.Collect(rows, err, scanRecord)
}

// recordsBeside returns the domain's records of the name that the one with that
// id has; none if there is no such record.
func recordsBeside(ctx context.Context, q store.Querier, domainID, id int64) ([]Record, error) {
	rows, err := q.Query(ctx, selectBeside, domainID, id)
	return store.Collect(rows, err, scanRecord)
}

var recordTable = list.Table[Record]{
	Select: `SELECT ` + recordColumns + ` FROM domain_records`,
	From:   `domain_records`,
	Scan:   scanRecord,
	Attrs: []list.Attr[Record]{
		{Name: "id", Column: "id", Number: true, Value: func(r Record) string { return strconv.FormatInt(r.ID, 10) }},
	},
	Filters: []list.Filter[Record]{{Name: "type", Where: `type = ?`}, {Name: "name", Where: `name_key = ?`}},
}

func insertRecord(ctx context.Context, tx *store.Tx, r *Record) (err error) {
	r.ID, err = tx.Insert(ctx, `INSERT INTO domain_records
		(domain_id, type, name, name_key, data, priority, port, weight, flags, tag, ttl, droplet_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12, 0)) RETURNING id`,
		r.DomainID, r.Type, r.Name, r.key(), r.Data, r.Priority, r.Port, r.Weight, r.Flags, r.Tag, r.TTL, r.DropletID)
	return err
}

func updateRecord(ctx context.Context, tx *store.Tx, r Record) error {
	_, err := tx.Exec(ctx, `UPDATE domain_records SET type = $2, name = $3, name_key = $4, data = $5,
		priority = $6, port = $7, weight = $8, flags = $9, tag = $10, ttl = $11 WHERE id = $1`,
		r.ID, r.Type, r.Name, r.key(), r.Data, r.Priority, r.Port, r.Weight, r.Flags, r.Tag, r.TTL)
	return err
}

func removeRecord(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM domain_records WHERE id = $1`, id)
	return err
}
