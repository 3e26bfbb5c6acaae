package zonedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const recordColumns = `id, domain_id, type, name, data, priority, port, weight, flags, tag, ttl, coalesce(droplet_id, 0)`

func scanRecord(row store.Scanner) (record.Record, error) {
	var r record.Record
	err := row.Scan(&r.ID, &r.DomainID, &r.Type, &r.Name, &r.Data, &r.Priority, &r.Port, &r.Weight, &r.Flags, &r.Tag, &r.TTL, &r.DropletID)
	return r, err
}

// GetRecord returns the domain's record with that id, or apierr.NotFound.
func GetRecord(ctx context.Context, q store.Querier, domainID, id int64) (record.Record, error) {
	r, err := scanRecord(q.QueryRow(ctx, `SELECT `+recordColumns+` FROM domain_records WHERE id = $1 AND domain_id = $2`, id, domainID))
	if errors.Is(err, sql.ErrNoRows) {
		return r, apierr.NotFound()
	}
	return r, err
}

// Records returns a domain's records.
func Records(ctx context.Context, q store.Querier, domainID int64) ([]record.Record, error) {
	rows, err := q.Query(ctx, `SELECT `+recordColumns+` FROM domain_records WHERE domain_id = $1 ORDER BY id`, domainID)
	return store.Collect(rows, err, scanRecord)
}

// EachRecord calls visit with the records of several domains, ordered by domain and
// id, until visit returns false. One query reads them all: a query for each domain
// would cost more than reading its records.
func EachRecord(ctx context.Context, q store.Querier, domainIDs []int64, visit func(record.Record) bool) error {
	if len(domainIDs) == 0 {
		return nil
	}
	ids, places := make([]any, len(domainIDs)), make([]string, len(domainIDs))
	for i, id := range domainIDs {
		ids[i], places[i] = id, fmt.Sprintf("$%d", i+1)
	}
	rows, err := q.Query(ctx, `SELECT `+recordColumns+` FROM domain_records
		WHERE domain_id IN (`+strings.Join(places, ", ")+`) ORDER BY domain_id, id`, ids...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return err
		}
		if !visit(r) {
			return nil
		}
	}
	return rows.Err()
}

// CountRecords returns the number of a domain's records.
func CountRecords(ctx context.Context, q store.Querier, domainID int64) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM domain_records WHERE domain_id = $1`, domainID).Scan(&n)
	return n, err
}

// The records of one name, by the name or by the id of one of them. The plus stops
// SQLite from choosing an index in the order of the ids, which would read the whole
// domain.
const (
	selectAt = `SELECT ` + recordColumns + ` FROM domain_records
		WHERE domain_id = $1 AND name_key = $2 ORDER BY +id`
	selectBeside = `SELECT ` + recordColumns + ` FROM domain_records
		WHERE domain_id = $1 AND name_key = (SELECT name_key FROM domain_records WHERE domain_id = $1 AND id = $2) ORDER BY +id`
)

// RecordsAt returns the domain's records of one name.
func RecordsAt(ctx context.Context, q store.Querier, domainID int64, key string) ([]record.Record, error) {
	rows, err := q.Query(ctx, selectAt, domainID, key)
	return store.Collect(rows, err, scanRecord)
}

// RecordsBeside returns the domain's records that have the same name as the one
// with that id; none if there is no such record.
func RecordsBeside(ctx context.Context, q store.Querier, domainID, id int64) ([]record.Record, error) {
	rows, err := q.Query(ctx, selectBeside, domainID, id)
	return store.Collect(rows, err, scanRecord)
}

// RecordTable lists the records of domains for the API.
var RecordTable = list.Table[record.Record]{
	Select: `SELECT ` + recordColumns + ` FROM domain_records`,
	From:   `domain_records`,
	Scan:   scanRecord,
	Attrs: []list.Attr[record.Record]{
		{Name: "id", Column: "id", Number: true, Value: func(r record.Record) string { return strconv.FormatInt(r.ID, 10) }},
	},
	Filters: []list.Filter[record.Record]{{Name: "type", Where: `type = ?`}, {Name: "name", Where: `name_key = ?`}},
}

// InsertRecord adds a record and sets its id.
func InsertRecord(ctx context.Context, tx *store.Tx, r *record.Record) (err error) {
	r.ID, err = tx.Insert(ctx, `INSERT INTO domain_records
		(domain_id, type, name, name_key, data, priority, port, weight, flags, tag, ttl, droplet_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12, 0)) RETURNING id`,
		r.DomainID, r.Type, r.Name, r.Key(), r.Data, r.Priority, r.Port, r.Weight, r.Flags, r.Tag, r.TTL, r.DropletID)
	return err
}

// UpdateRecord stores all attributes of a record but its domain and droplet.
func UpdateRecord(ctx context.Context, tx *store.Tx, r record.Record) error {
	_, err := tx.Exec(ctx, `UPDATE domain_records SET type = $2, name = $3, name_key = $4, data = $5,
		priority = $6, port = $7, weight = $8, flags = $9, tag = $10, ttl = $11 WHERE id = $1`,
		r.ID, r.Type, r.Name, r.Key(), r.Data, r.Priority, r.Port, r.Weight, r.Flags, r.Tag, r.TTL)
	return err
}

// DeleteRecord removes a record.
func DeleteRecord(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM domain_records WHERE id = $1`, id)
	return err
}
