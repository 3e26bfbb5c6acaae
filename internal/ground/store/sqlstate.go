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

// errReadOnly says that a session of PostgreSQL may not write: its server is
// not the primary one any more, or an operator has it so.
var errReadOnly = errors.New("the database takes no writes now")

// postgresCode returns PostgreSQL's code of an error (its manual, appendix A);
// "" for errors of others.
func postgresCode(err error) string {
	if e := new(pgconn.PgError); errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func postgresFull(err error) bool { return postgresCode(err) == "53100" }

func postgresUnique(err error) bool { return postgresCode(err) == "23505" }

// awayClasses and awayCodes mean "not here, not now": the same may succeed
// later, or by another connection, though nobody changes what is asked for.
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
		"55P03", // somebody does not give back a lock
		"72000", // snapshot too old
	}
)

// postgresAway holds for errors that mean "not here, not now", and for
// connections that can't be made, or end.
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

// postgresLost holds for errors after which the connection is of no use: it
// can't be made, it has ended, or its session may not write, and would not learn
// that it may again.
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
