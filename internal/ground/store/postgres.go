package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"golang.org/x/sys/unix"
)

// minPostgres is the oldest version that still gets fixes.
const minPostgres = 140000

// postgres is a PostgreSQL database: its URL.
type postgres string

// IsURL reports whether a source is the URL of a database.
func IsURL(source string) bool {
	return strings.HasPrefix(source, "postgres://") || strings.HasPrefix(source, "postgresql://")
}

// name is the URL without the password.
func (p postgres) name() string {
	u, err := url.Parse(string(p))
	if err != nil {
		return "postgres"
	}
	return u.Redacted()
}

func (p postgres) open(connections int) (*sql.DB, error) {
	config, err := pgx.ParseConfig(string(p))
	if err != nil {
		return nil, err
	}
	// The isolation of transactions and the durability of commits must not depend
	// on the configuration of the server.
	config.RuntimeParams["application_name"] = "rockpool"
	config.RuntimeParams["synchronous_commit"] = "on"
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	for name, value := range sessionLimits {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.DialFunc = dialer.DialContext
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// sessionLimits make PostgreSQL end the session of a process that hangs, or whose
// host is unreachable, within 30 seconds. Until then nobody else can write or
// become the cloud, because the session has the locks. A URL may override them.
var sessionLimits = map[string]string{
	"idle_in_transaction_session_timeout": "30s",
	"lock_timeout":                        "30s",
	"tcp_keepalives_idle":                 "10s",
	"tcp_keepalives_interval":             "5s",
	"tcp_keepalives_count":                "3",
	"tcp_user_timeout":                    "25s",
}

// connectTimeout limits how long connecting may take, unless the URL sets
// connect_timeout.
const connectTimeout = 10 * time.Second

// dialer makes connections fail soon after their other end has disappeared.
// Statements have no time limit of their own.
var dialer = &net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
	Control: func(network, _ string, conn syscall.RawConn) (err error) {
		if !strings.HasPrefix(network, "tcp") {
			return nil
		}
		failed := conn.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 25_000) // milliseconds
		})
		return errors.Join(failed, err)
	},
}

func (p postgres) check(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return err
	}
	if version < minPostgres {
		return fmt.Errorf("PostgreSQL %d is too old: need %d", version/10000, minPostgres/10000)
	}
	return nil
}

func (p postgres) migrations(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, migrations{postgres: true}, goose.WithSessionLocker(locker))
}

// Keys of advisory locks. PostgreSQL has them per database.
const (
	writeLock = 0x526f636b + iota // one transaction writes at a time
	serveLock                     // one process is the cloud
)

// begin takes a lock that lets one transaction of all processes write at a time.
// A transaction reads what its rules depend on, then writes; no other may write
// in between.
//
// A session can be read-only, because the server has become a standby or an
// operator wants no writes. begin does not override that: it fails.
func (p postgres) begin(ctx context.Context, on *pool) error {
	if _, err := on.exec(ctx, `BEGIN`); err != nil {
		return err
	}
	var readOnly bool
	err := on.queryRow(ctx, `SELECT current_setting('transaction_read_only')::boolean FROM pg_advisory_xact_lock($1)`, writeLock).Scan(&readOnly)
	if err == nil && readOnly {
		err = errReadOnly
	}
	if err != nil {
		_, rollback := on.exec(ctx, "ROLLBACK")
		err = errors.Join(err, rollback)
	}
	return err
}

// commit fails if a statement of the transaction has failed, even if its caller
// ignored that: PostgreSQL then answers COMMIT without an error, but with the
// command tag ROLLBACK.
func (p postgres) commit(ctx context.Context, on *sql.Conn) error {
	return on.Raw(func(connection any) error {
		c := connection.(*stdlib.Conn).Conn()
		if c.IsClosed() {
			return driver.ErrBadConn
		}
		done, err := c.Exec(context.WithoutCancel(ctx), "COMMIT")
		if err == nil && done.String() != "COMMIT" {
			err = pgx.ErrTxCommitRollback
		}
		return err
	})
}

func (p postgres) snapshot() *sql.TxOptions {
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

// args replaces invalid UTF-8 and zero bytes, which PostgreSQL can't store in a
// text, with U+FFFD. A search for such a text finds what was written with it, or
// nothing, instead of failing.
func (p postgres) args(given []any) []any {
	taken := given
	for i, arg := range given {
		text, ok := arg.(string)
		if !ok || utf8.ValidString(text) && !strings.Contains(text, "\x00") {
			continue
		}
		if &taken[0] == &given[0] {
			taken = slices.Clone(given)
		}
		taken[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	}
	return taken
}

// rolledBack is always false: a failed transaction of PostgreSQL lasts until it
// is rolled back.
func (p postgres) rolledBack(error) bool { return false }

func (p postgres) lost(err error) bool { return postgresLost(err) }

func (p postgres) raiseSequence(ctx context.Context, tx *Tx, table string, id int64) error {
	_, err := tx.Exec(ctx, `SELECT setval(pg_get_serial_sequence($1, 'id'), $2)
		WHERE $2 > coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass), 0)`, table, id)
	return err
}
