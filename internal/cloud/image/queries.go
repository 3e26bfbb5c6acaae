package image

import (
	"context"
	"database/sql"
	"errors"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

const columns = `id, coalesce(slug, ''), name, type, distribution, description, account_id IS NULL,
	min_disk_gb, created_at`

func scan(row store.Scanner) (Image, error) {
	var i Image
	var created int64
	err := row.Scan(&i.ID, &i.Slug, &i.Name, &i.Type, &i.Distribution, &i.Description, &i.Public,
		&i.MinDiskGB, &created)
	i.CreatedAt = store.Time(created)
	return i, err
}

// SlugOf returns an SQL expression: the slug of the image whose id is in that column of
// the surrounding query.
func SlugOf(column string) string {
	return `(SELECT slug FROM images WHERE images.id = ` + column + `)`
}

// seed writes the catalogue. An image that exists keeps its id.
func seed(ctx context.Context, tx *store.Tx, entries []entry) error {
	for _, e := range entries {
		_, err := tx.Exec(ctx, `INSERT INTO images (slug, name, type, distribution, description, min_disk_gb, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (slug) DO UPDATE SET name = excluded.name, type = excluded.type,
				distribution = excluded.distribution, description = excluded.description, min_disk_gb = excluded.min_disk_gb`,
			e.slug, e.name, e.kind, e.distribution, e.description, e.minDiskGB, store.Micros(tx.Now()))
		if err != nil {
			return err
		}
	}
	return nil
}

// find returns the image with that id or slug if the account may see it, or
// apierr.NotFound.
func find(ctx context.Context, q store.Querier, accountID int64, idOrSlug string) (Image, error) {
	query, arg := `slug = $2`, any(idOrSlug)
	if id, ok := resource.ParseID(idOrSlug); ok {
		query, arg = `id = $2`, id
	}
	i, err := scan(q.QueryRow(ctx, `SELECT `+columns+` FROM images
		WHERE (account_id IS NULL OR account_id = $1) AND `+query, accountID, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return i, apierr.NotFound()
	}
	return i, err
}

func all(ctx context.Context, q store.Querier, accountID int64) ([]Image, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM images
		WHERE account_id IS NULL OR account_id = $1 ORDER BY id`, accountID)
	return store.Collect(rows, err, scan)
}
