package saga

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// row is an unfinished saga as the database has it.
type row struct {
	id        int64
	epoch     int64 // how often the saga has changed its owner
	kind      string
	subject   string
	params    json.RawMessage
	unwinding bool
	reason    string // why it is unwinding
	startedAt time.Time
	locks     []Lock
}

const columns = `id, epoch, kind, subject, params_json, unwinding, reason, started_at`

func scan(scanner store.Scanner) (s row, err error) {
	var unwinding int
	var params string
	var started int64
	err = scanner.Scan(&s.id, &s.epoch, &s.kind, &s.subject, &params, &unwinding, &s.reason, &started)
	s.params, s.unwinding, s.startedAt = json.RawMessage(params), unwinding == 1, store.Time(started)
	return s, err
}

func insert(ctx context.Context, tx *store.Tx, s *row, owner string, lease time.Time) (err error) {
	s.id, err = tx.Insert(ctx, `INSERT INTO sagas (epoch, kind, subject, params_json, unwinding, reason, started_at, owner, lease_until)
		VALUES (0, $1, $2, $3, 0, '', $4, $5, $6) RETURNING id`,
		s.kind, s.subject, string(s.params), store.Micros(s.startedAt), owner, store.Micros(lease))
	if err != nil {
		return err
	}
	for _, lock := range s.locks {
		_, err := tx.Exec(ctx, `INSERT INTO saga_locks (kind, lock_key, saga_id) VALUES ($1, $2, $3)`, lock.Kind, lock.Key, s.id)
		if store.IsUnique(err) {
			return ErrLocked
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func remove(ctx context.Context, tx *store.Tx, id int64) error {
	for _, statement := range []string{
		`DELETE FROM saga_steps WHERE saga_id = $1`,
		`DELETE FROM saga_locks WHERE saga_id = $1`,
		`DELETE FROM sagas WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}

// Holder returns the id of the unfinished saga that holds the lock.
func Holder(ctx context.Context, q store.Querier, lock Lock) (id int64, found bool, err error) {
	err = q.QueryRow(ctx, `SELECT saga_id FROM saga_locks WHERE kind = $1 AND lock_key = $2`, lock.Kind, lock.Key).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return id, err == nil, err
}

// IsLocked is a condition in SQL: an unfinished saga holds the lock of that kind
// whose key is the value of the integer column. It is for the queries of whoever
// the locks are about, who know nothing of these tables otherwise.
func IsLocked(kind, column string) string {
	return fmt.Sprintf(`EXISTS (SELECT 1 FROM saga_locks WHERE kind = '%s' AND lock_key = CAST(%s AS TEXT))`, kind, column)
}

// anyUnfinished reports whether there is an unfinished saga, whoever runs it.
func anyUnfinished(ctx context.Context, q store.Querier) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM sagas)`).Scan(&found)
	return found, err
}

// lease takes or renews the lease of every saga that is this owner's, or whose
// owner has let its lease run out. The epoch of a saga rises with each change of
// its owner.
func lease(ctx context.Context, tx *store.Tx, owner string, until time.Time) ([]row, error) {
	rows, err := tx.Query(ctx, `UPDATE sagas SET epoch = epoch + CASE WHEN owner = $1 THEN 0 ELSE 1 END, owner = $1, lease_until = $2
		WHERE owner = $1 OR lease_until < $3 RETURNING `+columns, owner, store.Micros(until), store.Micros(tx.Now()))
	return store.Collect(rows, err, scan)
}

func locksOf(ctx context.Context, q store.Querier, id int64) ([]Lock, error) {
	rows, err := q.Query(ctx, `SELECT kind, lock_key FROM saga_locks WHERE saga_id = $1 ORDER BY kind, lock_key`, id)
	return store.Collect(rows, err, func(scanner store.Scanner) (l Lock, err error) {
		return l, scanner.Scan(&l.Kind, &l.Key)
	})
}

// leasedBy reports whether the saga is unfinished and still this owner's, in the
// same epoch: another node may have run it in between.
func leasedBy(ctx context.Context, tx *store.Tx, s row, owner string) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM sagas WHERE id = $1 AND owner = $2 AND epoch = $3`, s.id, owner, s.epoch).Scan(&n)
	return n == 1, err
}

// unwind notes that the saga is to be undone, and why; from then on it only goes
// back.
func unwind(ctx context.Context, tx *store.Tx, id int64, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE sagas SET unwinding = 1, reason = $2 WHERE id = $1`, id, reason)
	return err
}

// entry is what the journal has of a step.
type entry struct {
	state  string // done or undone
	output json.RawMessage
}

func journal(ctx context.Context, tx *store.Tx, id int64, step string, e entry) error {
	_, err := tx.Exec(ctx, `INSERT INTO saga_steps (saga_id, step, state, output_json, at) VALUES ($1, $2, $3, nullif($4, ''), $5)
		ON CONFLICT (saga_id, step) DO UPDATE SET state = excluded.state, output_json = coalesce(excluded.output_json, saga_steps.output_json), at = excluded.at`,
		id, step, e.state, string(e.output), store.Micros(tx.Now()))
	return err
}

func readJournal(ctx context.Context, q store.Querier, id int64) (map[string]entry, error) {
	rows, err := q.Query(ctx, `SELECT step, state, coalesce(output_json, '') FROM saga_steps WHERE saga_id = $1`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	steps := map[string]entry{}
	for rows.Next() {
		var step, output string
		var e entry
		if err := rows.Scan(&step, &e.state, &output); err != nil {
			return nil, err
		}
		e.output = json.RawMessage(output)
		steps[step] = e
	}
	return steps, rows.Err()
}
