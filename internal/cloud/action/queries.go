package action

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const columns = `id, account_id, type, status, resource_type, resource_id, coalesce(region_slug, ''),
	started_at, completed_at, coalesce(reason, ''), coalesce(progress, '')`

func scan(row store.Scanner) (Action, error) {
	var a Action
	var started int64
	var completed sql.NullInt64
	err := row.Scan(&a.ID, &a.AccountID, &a.Type, &a.Status, &a.ResourceType, &a.ResourceID, &a.Region,
		&started, &completed, &a.Reason, &a.Progress)
	a.StartedAt, a.CompletedAt = store.Time(started), store.NullTime(completed)
	return a, err
}

func insert(ctx context.Context, tx *store.Tx, a *Action, owner string, lease time.Time) (err error) {
	a.ID, err = tx.Insert(ctx, `INSERT INTO actions
		(account_id, type, status, resource_type, resource_id, region_slug, started_at, owner, lease_until)
		VALUES ($1, $2, $3, $4, $5, nullif($6, ''), $7, $8, $9) RETURNING id`,
		a.AccountID, a.Type, a.Status, a.ResourceType, a.ResourceID, a.Region,
		store.Micros(a.StartedAt), owner, store.Micros(lease))
	return err
}

// Get returns the account's action with that id, or apierr.NotFound.
func Get(ctx context.Context, q store.Querier, accountID, id int64) (Action, error) {
	return one(q.QueryRow(ctx, `SELECT `+columns+` FROM actions WHERE id = $1 AND account_id = $2`, id, accountID))
}

func one(row *sql.Row) (Action, error) {
	a, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return a, apierr.NotFound()
	}
	return a, err
}

// ofAccount is the condition of the account's own list.
const ofAccount = `account_id = $1`

var table = list.Table[Action]{
	Select: `SELECT ` + columns + ` FROM actions`,
	From:   `actions`,
	Totals: map[string]string{
		ofAccount: `SELECT coalesce(max(total), 0) FROM totals WHERE list = 'actions' AND account_id = $1`,
	},
	Scan:        scan,
	NewestFirst: true,
	Attrs: []list.Attr[Action]{
		{Name: "id", Column: "id", Number: true, Value: func(a Action) string { return strconv.FormatInt(a.ID, 10) }},
	},
	Filters: []list.Filter[Action]{
		{Name: "status", Where: `status = ?`},
		{Name: "type", Where: `type = ?`},
		{Name: "resource_type", Where: `resource_type = ?`},
		{Name: "resource_id", Where: `resource_id = ?`},
		{Name: "region", Where: `region_slug = lower(?)`},
	},
}

// Filters are the parameters that lists of actions can be narrowed by.
func Filters() []string { return list.FilterNames(table.Filters) }

// List returns a slice of the account's actions, in their own order newest
// first.
func List(ctx context.Context, q store.Querier, accountID int64, wanted list.Query) (list.Slice[Action], error) {
	return table.Read(ctx, q, wanted, ofAccount, accountID)
}

// ListOf is List for one resource.
func ListOf(ctx context.Context, q store.Querier, resourceType string, resourceID int64, wanted list.Query) (list.Slice[Action], error) {
	return table.Read(ctx, q, wanted, `resource_id = $1 AND resource_type = $2`, resourceID, resourceType)
}

// Pending returns the resource's unfinished action, if it has one.
func Pending(ctx context.Context, q store.Querier, resourceType string, resourceID int64) (a Action, ok bool, err error) {
	a, err = scan(q.QueryRow(ctx, `SELECT `+columns+` FROM actions
		WHERE resource_type = $1 AND resource_id = $2 AND status = 'in-progress'`, resourceType, resourceID))
	if errors.Is(err, sql.ErrNoRows) {
		return a, false, nil
	}
	return a, err == nil, err
}

// anyUnfinished reports whether there is an unfinished action, whoever's it is.
func anyUnfinished(ctx context.Context, q store.Querier) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM actions WHERE status = 'in-progress')`).Scan(&found)
	return found, err
}

// claim takes the lease of every unfinished action that is this owner's, or
// whose owner has let its lease run out.
func claim(ctx context.Context, tx *store.Tx, owner string, lease time.Time) ([]Action, error) {
	rows, err := tx.Query(ctx, `UPDATE actions SET owner = $1, lease_until = $2
		WHERE status = 'in-progress' AND (owner = $1 OR owner IS NULL OR lease_until < $3)
		RETURNING `+columns, owner, store.Micros(lease), store.Micros(tx.Now()))
	return store.Collect(rows, err, scan)
}

// cancel ends the resource's unfinished action and returns its id, or 0.
func cancel(ctx context.Context, tx *store.Tx, resourceType string, resourceID int64, reason string) (int64, error) {
	a, ok, err := Pending(ctx, tx, resourceType, resourceID)
	if err != nil || !ok {
		return 0, err
	}
	return a.ID, end(ctx, tx, a.ID, Errored, reason)
}

func end(ctx context.Context, tx *store.Tx, id int64, status, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE actions SET status = $2, completed_at = $3, reason = nullif($4, ''),
		progress = NULL, owner = NULL, lease_until = NULL WHERE id = $1`,
		id, status, store.Micros(tx.Now()), reason)
	return err
}

// blame notes why an action is to be unwound; from then on it only goes back.
func blame(ctx context.Context, tx *store.Tx, id int64, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE actions SET reason = $2 WHERE id = $1`, id, reason)
	return err
}

func setProgress(ctx context.Context, tx *store.Tx, id int64, progress string) error {
	_, err := tx.Exec(ctx, `UPDATE actions SET progress = $2 WHERE id = $1`, id, progress)
	return err
}

// held reports whether the action is still unfinished and this owner's.
func held(ctx context.Context, tx *store.Tx, id int64, owner string) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM actions
		WHERE id = $1 AND owner = $2 AND status = 'in-progress'`, id, owner).Scan(&n)
	return n == 1, err
}

// journal notes that a step is done or undone.
func journal(ctx context.Context, tx *store.Tx, id int64, step, state string) error {
	_, err := tx.Exec(ctx, `INSERT INTO action_steps (action_id, step, state, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (action_id, step) DO UPDATE SET state = excluded.state, at = excluded.at`,
		id, step, state, store.Micros(tx.Now()))
	return err
}

func readJournal(ctx context.Context, q store.Querier, id int64) (map[string]string, error) {
	rows, err := q.Query(ctx, `SELECT step, state FROM action_steps WHERE action_id = $1`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	steps := map[string]string{}
	for rows.Next() {
		var step, state string
		if err := rows.Scan(&step, &state); err != nil {
			return nil, err
		}
		steps[step] = state
	}
	return steps, rows.Err()
}
