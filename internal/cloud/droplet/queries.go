package droplet

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// isLocked is a condition in SQL: the droplet d has an unfinished action.
var isLocked = saga.IsLocked(resourceType, "d.id")

var selectDroplet = `SELECT d.id, d.account_id, d.name, d.region_slug, d.size_slug, d.vcpus, d.memory_mb, d.disk_gb,
	d.image_json, d.status, d.vpc_uuid, d.features_json, d.tags_json, d.public_keys_json, d.created_at,
	` + address.Columns + `, ` + isLocked + `
	FROM droplets d` + address.Join("d.id") + ` `

func scan(row store.Scanner) (Droplet, error) {
	// One value for all columns: each whose address is taken would be allocated.
	var c struct {
		d                               Droplet
		imageJSON, features, tags, keys string
		created                         int64
		addr, forwards                  sql.NullString
	}
	d := &c.d
	err := row.Scan(&d.ID, &d.AccountID, &d.Name, &d.Region, &d.Size, &d.VCPUs, &d.MemoryMB, &d.DiskGB,
		&c.imageJSON, &d.Status, &d.VPC, &c.features, &c.tags, &c.keys, &c.created, &c.addr, &c.forwards, &d.Locked)
	if err != nil {
		return *d, err
	}
	d.CreatedAt = store.Time(c.created)
	var errs [4]error
	d.Image, errs[0] = images.get(c.imageJSON)
	d.Features, errs[1] = texts.get(c.features)
	d.Tags, errs[2] = texts.get(c.tags)
	d.PublicKeys, errs[3] = texts.get(c.keys)
	if err := errors.Join(errs[:]...); err != nil {
		return *d, fmt.Errorf("droplet %d: %w", d.ID, err)
	}
	if c.addr.Valid {
		assigned, err := address.Parse(c.addr.String, c.forwards.String)
		if err != nil {
			return *d, fmt.Errorf("droplet %d: %w", d.ID, err)
		}
		d.Address = &assigned
	}
	return *d, nil
}

// selectOne is made once: it is the query of most requests.
var selectOne = selectDroplet + `WHERE d.id = $1 AND d.account_id = $2 AND d.deleted_at IS NULL`

// get returns the account's droplet, or apierr.NotFound, also if the droplet is being
// destroyed.
func get(ctx context.Context, q store.Querier, accountID, id int64) (Droplet, error) {
	return one(q.QueryRow(ctx, selectOne, id, accountID))
}

// getByID returns the droplet with that id, whosever it is, also one that is
// being destroyed; apierr.NotFound if there is none. It is for the droplet's own
// actions and its own guest.
func getByID(ctx context.Context, q store.Querier, id int64) (Droplet, error) {
	return one(q.QueryRow(ctx, selectDroplet+`WHERE d.id = $1`, id))
}

func one(row *sql.Row) (Droplet, error) {
	d, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return d, apierr.NotFound()
	}
	return d, err
}

// ofAccount is the condition of the account's list without filters.
const ofAccount = `d.account_id = $1 AND d.deleted_at IS NULL`

var table = list.Table[Droplet]{
	Select: selectDroplet,
	From:   `droplets d`,
	Totals: map[string]string{
		ofAccount: `SELECT coalesce(max(total), 0) FROM totals WHERE list = 'droplets' AND account_id = $1`,
	},
	Scan: scan,
	Attrs: []list.Attr[Droplet]{
		{Name: "id", Column: "d.id", Number: true, Value: func(d Droplet) string { return strconv.FormatInt(d.ID, 10) }},
	},
	Filters: []list.Filter[Droplet]{
		{Name: "name", Where: `lower(d.name) = lower(?)`}, // the expression of the index droplets_name
		// Tags have no characters that JSON escapes.
		{Name: "tag_name", Where: `replace(lower(d.tags_json), '"' || lower(?) || '"', '') <> lower(d.tags_json)`, NotWith: []string{"name", "type"}},
		{Name: "type", Choices: map[string]string{"droplets": "", "gpus": "FALSE"}},
		{Name: "status", Where: `d.status = ?`},
		{Name: "region", Where: `d.region_slug = lower(?)`},
		{Name: "size", Where: `d.size_slug = ?`},
		{Name: "image", Where: `? IN (CAST(d.image_id AS TEXT), ` + image.SlugOf("d.image_id") + `)`},
	},
}

func count(ctx context.Context, q store.Querier, accountID int64) (int, error) {
	return table.Total(ctx, q, ofAccount, accountID)
}

func insert(ctx context.Context, tx *store.Tx, d *Droplet, userData string) (err error) {
	var texts [4]string
	for i, value := range []any{d.Image, d.Features, d.Tags, d.PublicKeys} {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	d.CreatedAt = tx.Now()
	d.ID, err = tx.Insert(ctx, `INSERT INTO droplets
		(account_id, name, region_slug, size_slug, vcpus, memory_mb, disk_gb, image_id, image_json, status,
		 vpc_uuid, features_json, tags_json, public_keys_json, user_data, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, nullif($15, ''), $16) RETURNING id`,
		d.AccountID, d.Name, d.Region, d.Size, d.VCPUs, d.MemoryMB, d.DiskGB, d.Image.ID, texts[0], d.Status,
		d.VPC, texts[1], texts[2], texts[3], userData, store.Micros(d.CreatedAt))
	return err
}

func setStatus(ctx context.Context, tx *store.Tx, id int64, status string) error {
	_, err := tx.Exec(ctx, `UPDATE droplets SET status = $2 WHERE id = $1 AND status <> $2`, id, status)
	return err
}

// setWanted writes whether the droplet should run, and the present boot of its host.
func setWanted(ctx context.Context, tx *store.Tx, id int64, on bool, hostLife string) error {
	wanted := 0
	if on {
		wanted = 1
	}
	_, err := tx.Exec(ctx, `UPDATE droplets SET wanted_on = $2, host_life = $3
		WHERE id = $1 AND (wanted_on <> $2 OR host_life <> $3)`, id, wanted, hostLife)
	return err
}

func setHostLife(ctx context.Context, tx *store.Tx, id int64, hostLife string) error {
	_, err := tx.Exec(ctx, `UPDATE droplets SET host_life = $2 WHERE id = $1`, id, hostLife)
	return err
}

// reserve makes the droplet count in the budget with at least that much.
func reserve(ctx context.Context, tx *store.Tx, id int64, c Allocation) error {
	_, err := tx.Exec(ctx, `UPDATE droplets SET reserved_memory_mb = $2, reserved_disk_gb = $3 WHERE id = $1`, id, c.MemoryMB, c.DiskGB)
	return err
}

// setDimensions writes the droplet's new size, and removes its reservation.
func setDimensions(ctx context.Context, tx *store.Tx, id int64, d dimensions) error {
	_, err := tx.Exec(ctx, `UPDATE droplets SET size_slug = $2, vcpus = $3, memory_mb = $4, disk_gb = $5,
		reserved_memory_mb = 0, reserved_disk_gb = 0 WHERE id = $1`, id, d.Size, d.VCPUs, d.MemoryMB, d.DiskGB)
	return err
}

func setName(ctx context.Context, tx *store.Tx, id int64, name string) error {
	_, err := tx.Exec(ctx, `UPDATE droplets SET name = $2 WHERE id = $1`, id, name)
	return err
}

func markDeleted(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.Exec(ctx, `UPDATE droplets SET deleted_at = $2 WHERE id = $1`, id, store.Micros(tx.Now()))
	return err
}

func remove(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM droplets WHERE id = $1`, id)
	return err
}

func userData(ctx context.Context, q store.Querier, id int64) (text string, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(user_data, '') FROM droplets WHERE id = $1`, id).Scan(&text)
	return text, err
}

// idle returns the droplets that have been created and have no unfinished action, and
// the id of the latest action of all. Later actions may change the droplets.
func idle(ctx context.Context, q store.Querier) (found []observation, latest int64, err error) {
	if latest, err = action.Latest(ctx, q); err != nil {
		return nil, 0, err
	}
	rows, err := q.Query(ctx, `SELECT d.id, d.account_id, d.region_slug, d.status, d.wanted_on, d.host_life FROM droplets d
		WHERE d.status <> 'new' AND d.deleted_at IS NULL AND NOT `+isLocked)
	found, err = store.Collect(rows, err, func(row store.Scanner) (d observation, err error) {
		var wanted int
		err = row.Scan(&d.id, &d.account, &d.region, &d.status, &wanted, &d.hostLife)
		d.wanted = wanted == 1
		return d, err
	})
	return found, latest, err
}

// setObservedStatus writes the status unless the droplet is deleted, or an action later
// than latest is about it. written is false then.
func setObservedStatus(ctx context.Context, tx *store.Tx, id int64, status string, latest int64) (written bool, err error) {
	if later, err := action.AnySince(ctx, tx, Resource(id), latest); err != nil || later {
		return false, err
	}
	changed, err := tx.Exec(ctx, `UPDATE droplets SET status = $2
		WHERE id = $1 AND status <> 'new' AND deleted_at IS NULL`, id, status)
	return changed > 0, err
}

// allIDs returns the ids of all droplets, also of those that are being destroyed.
func allIDs(ctx context.Context, q store.Querier) (map[int64]bool, error) {
	rows, err := q.Query(ctx, `SELECT id FROM droplets`)
	ids, err := store.Collect(rows, err, func(row store.Scanner) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	})
	all := make(map[int64]bool, len(ids))
	for _, id := range ids {
		all[id] = true
	}
	return all, err
}
