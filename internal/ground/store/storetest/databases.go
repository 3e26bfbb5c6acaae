package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// template is the name of the PostgreSQL database that is copied for each test.
const template = "rockpool_template"

// databases are the PostgreSQL databases that a test process creates.
type databases struct {
	mu     sync.Mutex
	own    server // not started if there is a shared one
	dir    string // of the server that is used
	admin  *pgx.Conn
	urls   map[string]string // of the databases that tests have, by folder
	names  map[string]string // likewise
	serial int
}

var postgres databases

// prepare connects to the server, which it starts if there is no shared one,
// and makes the template.
func (d *databases) prepare() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.prepareLocked()
}

func (d *databases) prepareLocked() (err error) {
	if d.admin != nil {
		return nil
	}
	if d.dir = sharedServer(); d.dir == "" {
		d.own.settings = temporary
		if err := d.own.start(); err != nil {
			return err
		}
		d.dir = d.own.dir
		// Processes that tests start, some of them to be killed, use it as well.
		if err := os.Setenv(SharedServer, d.dir); err != nil {
			return err
		}
	}
	d.urls, d.names = map[string]string{}, map[string]string{}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, urlOf(d.dir, "postgres"))
	if err != nil {
		return err
	}
	if err := makeTemplate(ctx, admin, d.dir); err != nil {
		return errors.Join(fmt.Errorf("make the template database: %w", err), admin.Close(ctx))
	}
	d.admin = admin
	return nil
}

// sharedServer returns the folder of the server that Serve has started for
// several processes; "" if there is none.
//
// The variable is not read by os.Getenv, because go test notes what that reads:
// the folder is a new one each time, so no result would come from its cache.
func sharedServer() string {
	dir, _ := syscall.Getenv(SharedServer)
	return dir
}

// makeTemplate creates the template unless it is there. A lock lets one process
// do so at a time; the database gets its final name when it has all tables.
func makeTemplate(ctx context.Context, admin *pgx.Conn, dir string) (err error) {
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock(1)`); err != nil {
		return err
	}
	defer func() {
		_, unlock := admin.Exec(ctx, `SELECT pg_advisory_unlock(1)`)
		err = errors.Join(err, unlock)
	}()
	var there bool
	err = admin.QueryRow(ctx, `SELECT count(*) > 0 FROM pg_database WHERE datname = $1`, template).Scan(&there)
	if err != nil || there {
		return err
	}
	const unfinished = template + "_unfinished"
	for _, statement := range []string{`DROP DATABASE IF EXISTS ` + unfinished, `CREATE DATABASE ` + unfinished} {
		if _, err := admin.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if err := migrate(urlOf(dir, unfinished)); err != nil {
		return err
	}
	_, err = admin.Exec(ctx, `ALTER DATABASE `+unfinished+` RENAME TO `+template)
	return err
}

// database returns the URL of a folder's database. If the folder has none,
// database creates it as a copy of the database named from.
func (d *databases) database(dir, from string) (url string, created bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.prepareLocked(); err != nil {
		return "", false, err
	}
	if url, ok := d.urls[dir]; ok {
		return url, false, nil
	}
	d.serial++
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), d.serial)
	if err := d.create(name, from); err != nil {
		return "", false, err
	}
	d.names[dir], d.urls[dir] = name, urlOf(d.dir, name)
	return d.urls[dir], true, nil
}

// create copies a database. PostgreSQL 15 would copy block by block through its
// log, which takes three times as long as copying the files.
func (d *databases) create(name, from string) error {
	ctx := context.Background()
	var version int
	if err := d.admin.QueryRow(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return err
	}
	statement := `CREATE DATABASE ` + name + ` TEMPLATE ` + from
	if version >= 150000 {
		statement += ` STRATEGY file_copy`
	}
	_, err := d.admin.Exec(ctx, statement)
	return err
}

// drop removes a folder's database and ends the connections to it.
func (d *databases) drop(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.admin.Exec(context.Background(), `DROP DATABASE `+d.names[dir]+` WITH (FORCE)`)
	delete(d.names, dir)
	delete(d.urls, dir)
	return err
}

func (d *databases) stop() (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.admin != nil {
		err = d.admin.Close(context.Background())
		d.admin = nil
	}
	return errors.Join(err, d.own.stop())
}
