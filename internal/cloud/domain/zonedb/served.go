package zonedb

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Served is a domain with what name servers need of it.
type Served struct {
	record.Zone
	Records  []record.Record
	Keys     string // for ParseKeys; empty if the domain is not signed
	Rejected bool   // a name server rejected the stored zone (SetRejected)
}

// EachServed calls visit with every domain, in the state of the beginning of the
// query. With deepestFirst the domains with the longest names come first, so each
// comes before the domain that contains it.
func EachServed(ctx context.Context, q store.Querier, deepestFirst bool, visit func(Served) error) error {
	order := `ORDER BY d.id, r.id`
	if deepestFirst {
		order = `ORDER BY length(d.name) DESC, d.id, r.id`
	}
	return eachServed(ctx, q, order, nil, visit)
}

// GetServed returns the domain with that name; false if there is none.
func GetServed(ctx context.Context, q store.Querier, name string) (s Served, ok bool, err error) {
	err = eachServed(ctx, q, `WHERE d.name = $1 ORDER BY r.id`, []any{name}, func(found Served) error {
		s, ok = found, true
		return nil
	})
	return s, ok, err
}

// Names returns the names of all domains.
func Names(ctx context.Context, q store.Querier) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT name FROM domains`)
	return store.Collect(rows, err, func(row store.Scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	})
}

// eachServed reads domains and their records by one query. A name server reads all
// domains when it starts, and a column costs more than looking up the row does. So
// the columns of the domain come as one text with its SOA record, and columns that
// DNS does not need are omitted.
func eachServed(ctx context.Context, q store.Querier, clause string, args []any, visit func(Served) error) error {
	rows, err := q.Query(ctx, `SELECT r.domain_id, r.type, r.name, r.data, r.priority, r.port, r.weight, r.flags, r.tag, r.ttl,
		CASE r.type WHEN 'SOA' THEN d.name || ' ' || d.serial || ' ' || d.primary_server ||
			CASE WHEN d.bad_zone_error IS NULL THEN ' good' ELSE ' bad' END ||
			coalesce((SELECT ' ' || `+keysText+` FROM domain_keys k WHERE k.domain_id = d.id), '') END
		FROM domains d JOIN domain_records r ON r.domain_id = d.id `+clause, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var id int64 // of the domain that s is of; 0 before the first
	var s Served
	for rows.Next() {
		var r record.Record
		var own sql.NullString
		if err := rows.Scan(&r.DomainID, &r.Type, &r.Name, &r.Data, &r.Priority, &r.Port, &r.Weight, &r.Flags, &r.Tag, &r.TTL, &own); err != nil {
			return err
		}
		if r.DomainID != id && id != 0 {
			if err := visit(s); err != nil {
				return err
			}
			s = Served{Records: make([]record.Record, 0, len(s.Records))}
		}
		id = r.DomainID
		if own.Valid {
			s.setOwn(r, own.String)
		}
		s.Records = append(s.Records, r)
	}
	if err := rows.Err(); err != nil || id == 0 {
		return err
	}
	return visit(s)
}

// setOwn sets the domain's own fields from its SOA record and the text beside it.
func (s *Served) setOwn(soa record.Record, own string) {
	fields := strings.SplitN(own, " ", 5)
	serial, _ := strconv.ParseUint(fields[1], 10, 32)
	s.Zone = record.Zone{Name: fields[0], TTL: soa.TTL, Serial: uint32(serial), Primary: fields[2]}
	s.Rejected = fields[3] == "bad"
	if len(fields) > 4 {
		s.Keys = fields[4]
	}
}
