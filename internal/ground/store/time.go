package store

import (
	"database/sql"
	"time"
)

// Micros is a time as the database keeps it: microseconds of Unix time, UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time is the reverse of Micros.
func Time(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// NullTime is Time for a column that may be null; null gives nil.
func NullTime(micros sql.NullInt64) *time.Time {
	if !micros.Valid {
		return nil
	}
	t := Time(micros.Int64)
	return &t
}
