package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// errReadOnly means that a session of PostgreSQL can't write: its server has
// become a standby, or an operator has forbidden it.
var errReadOnly = errors.New("the database takes no writes now")

// postgresCode returns the SQLSTATE of an error from PostgreSQL (its manual,
// appendix A); "" for other errors.
func postgresCode(err error) string {
	if e := new(pgconn.PgError); errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func postgresFull(err error) bool { return postgresCode(err) == "53100" }

func postgresUnique(err error) bool { return postgresCode(err) == "23505" }

// awayClasses and awayCodes are temporary errors: the same statement may succeed
// later, or on another connection.
var (
	awayClasses = []string{
		"08", // connection exception
		"53", // insufficient resources
		"57", // operator intervention: a shutdown, a start, a cancelled query
		"58", // errors of the system outside PostgreSQL
	}
	awayCodes = []string{
		"25006", // read-only transaction
		"25P03", // the next statement of a transaction came too late
		"25P04", // the transaction took too long
		"40000", // transaction rolled back
		"40001", // serialization failure, also by what a standby replays
		"40003", // it is unknown whether the statement was completed
		"40P01", // deadlock
		"55P03", // another session has a lock for too long
		"72000", // snapshot too old
	}
)

// postgresAway reports whether err is temporary, or means that the connection
// can't be made or was lost.
func postgresAway(err error) bool {
	return awayState(postgresCode(err)) || postgresLost(err)
}

func awayState(code string) bool {
	for _, class := range awayClasses {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	for _, one := range awayCodes {
		if code == one {
			return true
		}
	}
	return false
}

// postgresLost reports whether the connection can't be used after err: it could
// not be made, it has ended, or its session is read-only, and would stay so.
func postgresLost(err error) bool {
	switch code := postgresCode(err); {
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"),
		code == "53300", code == "55P03", code == "25P03", code == "25P04", code == "25006":
		return true
	}
	return errors.Is(err, errReadOnly) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, sql.ErrConnDone) ||
		errors.As(err, new(*pgconn.ConnectError)) || errors.As(err, new(*net.OpError))
}
