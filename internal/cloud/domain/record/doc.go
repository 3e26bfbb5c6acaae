// Package record is the records of domains: their types, names and data, the
// rules that validate them, and their DNS form. It knows nothing of the database
// or of HTTP, except that its errors are those of the API (apierr).
package record
