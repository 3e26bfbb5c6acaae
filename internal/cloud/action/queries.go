package action

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const columns = `id, account_id, type, status, resource_type, resource_key, coalesce(region_slug, ''), params_json,
	started_at, completed_at, coalesce(reason, ''), coalesce(progress, '')`

func scan(row store.Scanner) (Action, error) {
	var a Action
	var params string
	var started int64
	var completed sql.NullInt64
	err := row.Scan(&a.ID, &a.AccountID, &a.Type, &a.Status, &a.Resource.Type, &a.Resource.ID, &a.Region, &params,
		&started, &completed, &a.Reason, &a.Progress)
	a.Params, a.StartedAt, a.CompletedAt = json.RawMessage(params), store.Time(started), store.NullTime(completed)
	return a, err
}

func insert(ctx context.Context, tx *store.Tx, a Action) error {
	_, err := tx.Exec(ctx, `INSERT INTO actions
		(id, account_id, type, status, resource_type, resource_key, region_slug, params_json, started_at)
		VALUES ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9)`,
		a.ID, a.AccountID, a.Type, a.Status, a.Resource.Type, a.Resource.ID, a.Region, string(a.Params), store.Micros(a.StartedAt))
	return err
}

// Get returns the account's action with that id, or apierr.NotFound.
func Get(ctx context.Context, q store.Querier, accountID, id int64) (Action, error) {
	a, err := scan(q.QueryRow(ctx, `SELECT `+columns+` FROM actions WHERE id = $1 AND account_id = $2`, id, accountID))
	if errors.Is(err, sql.ErrNoRows) {
		return a, apierr.NotFound()
	}
	return a, err
}

// ofAccount is the condition for all actions of an account.
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
		{Name: "resource_id", Where: `resource_key = CAST(CAST(? AS BIGINT) AS TEXT)`},
		{Name: "region", Where: `region_slug = lower(?)`},
	},
}

// Filters returns the parameters that filter lists of actions.
func Filters() []string { return list.FilterNames(table.Filters) }

// List returns a slice of the account's actions, by default the newest first.
func List(ctx context.Context, q store.Querier, accountID int64, wanted list.Query) (list.Slice[Action], error) {
	return table.Read(ctx, q, wanted, ofAccount, accountID)
}

// ListOf is List for one resource.
func ListOf(ctx context.Context, q store.Querier, r Resource, wanted list.Query) (list.Slice[Action], error) {
	return table.Read(ctx, q, wanted, `resource_key = $1 AND resource_type = $2`, r.ID, r.Type)
}

// Latest returns the id of the latest action; 0 if there is none.
func Latest(ctx context.Context, q store.Querier) (id int64, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(max(id), 0) FROM actions`).Scan(&id)
	return id, err
}

// AnySince reports whether the resource has an action that is later than the action
// with that id.
func AnySince(ctx context.Context, q store.Querier, r Resource, id int64) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM actions WHERE resource_type = $1 AND resource_key = $2 AND id > $3)`,
		r.Type, r.ID, id).Scan(&found)
	return found, err
}

// WhyFailed returns the reason of the account's latest errored action of that type on
// the resource; empty if there is none.
func WhyFailed(ctx context.Context, q store.Querier, accountID int64, r Resource, actionType string) (reason string, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(reason, '') FROM actions
		WHERE resource_type = $1 AND resource_key = $2 AND account_id = $3 AND type = $4 AND status = 'errored'
		ORDER BY id DESC LIMIT 1`, r.Type, r.ID, accountID, actionType).Scan(&reason)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return reason, err
}

// Has reports whether the resource has an action of that type.
func Has(ctx context.Context, q store.Querier, r Resource, actionType string) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM actions WHERE resource_type = $1 AND resource_key = $2 AND type = $3)`,
		r.Type, r.ID, actionType).Scan(&found)
	return found, err
}

func setEnd(ctx context.Context, tx *store.Tx, id int64, status, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE actions SET status = $2, completed_at = $3, reason = nullif($4, ''), progress = NULL WHERE id = $1`,
		id, status, store.Micros(tx.Now()), reason)
	return err
}

func setProgress(ctx context.Context, tx *store.Tx, id int64, progress string) error {
	_, err := tx.Exec(ctx, `UPDATE actions SET progress = $2 WHERE id = $1`, id, progress)
	return err
}
