package torture

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql driver "pgx"
	_ "modernc.org/sqlite"             // the database/sql driver "sqlite"
)

// queryLimit is how long one query may take.
const queryLimit = 20 * time.Second

// orphans are queries that count rows which must not exist when no action is in
// progress. They are the same for SQLite and PostgreSQL.
var orphans = []struct{ what, query string }{
	{"droplets that are being destroyed", `SELECT count(*) FROM droplets WHERE deleted_at IS NOT NULL`},
	{"unfinished actions", `SELECT count(*) FROM actions WHERE status = 'in-progress'`},
	{"actions that have ended at no time", `SELECT count(*) FROM actions WHERE status <> 'in-progress' AND completed_at IS NULL`},
	{"sagas of ended actions", `SELECT count(*) FROM sagas`},
	{"steps of ended sagas", `SELECT count(*) FROM saga_steps`},
	{"locks of ended sagas", `SELECT count(*) FROM saga_locks`},
	{"addresses without a droplet", `SELECT count(*) FROM addresses WHERE droplet_id NOT IN (SELECT id FROM droplets)`},
	{"droplets without an address", `SELECT count(*) FROM droplets WHERE id NOT IN (SELECT droplet_id FROM addresses)`},
	{"pointers without a droplet", `SELECT count(*) FROM domain_pointers WHERE droplet_id NOT IN (SELECT id FROM droplets)`},
	{"droplets that the totals miss", `SELECT abs((SELECT count(*) FROM droplets WHERE deleted_at IS NULL)
		- coalesce((SELECT sum(total) FROM totals WHERE list = 'droplets'), 0))`},
	{"actions that the totals miss", `SELECT abs((SELECT count(*) FROM actions)
		- coalesce((SELECT sum(total) FROM totals WHERE list = 'actions'), 0))`},
}

// readRows returns the faults in the database. The program must be stopped.
func (w *world) readRows() (found []finding, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	driver, source := "sqlite", "file:"+w.databaseFile()
	if w.postgres != nil {
		driver, source = "pgx", w.postgres.URL()
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, o := range orphans {
		n, err := number(ctx, db, o.query)
		if err != nil {
			return found, fmt.Errorf("%s: %w", o.what, err)
		}
		if n != 0 {
			found = append(found, finding{rows, fmt.Sprintf("%d %s", n, o.what)})
		}
	}
	if w.postgres == nil {
		whole, err := intact(ctx, db)
		return append(found, whole...), err
	}
	return found, nil
}

func number(ctx context.Context, db *sql.DB, query string) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	return n, db.QueryRowContext(ctx, query).Scan(&n)
}

// intact returns the faults that SQLite finds in a database.
func intact(ctx context.Context, db *sql.DB) (found []finding, err error) {
	var says string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&says); err != nil {
		return nil, err
	}
	if says != "ok" {
		found = append(found, finding{rows, "the file is not whole: " + says})
	}
	n, err := number(ctx, db, `SELECT count(*) FROM pragma_foreign_key_check`)
	if n != 0 {
		found = append(found, finding{rows, fmt.Sprintf("%d references to rows that are not there", n)})
	}
	return found, err
}
