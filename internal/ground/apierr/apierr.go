// Package apierr defines the errors that a client of the API has caused, by
// kind. The front door turns them into HTTP answers (package httperr).
package apierr

import (
	"errors"
	"fmt"
	"strings"
)

// Error is an error that a client is told about.
type Error struct {
	Kind    Kind
	Message string   // a whole sentence for people
	Fields  []Field  // the problem of each parameter, if it is about parameters
	Ranges  []string // what a list can be ordered by, if it is about its range
}

// Field is one problem of one parameter.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

func newError(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// From returns the Error in err's chain. Any other error is the server's own
// fault, of which the client learns nothing.
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return newError(KindInternal, "Unexpected server-side error")
}

// IsNotFound reports whether err says that a resource does not exist.
func IsNotFound(err error) bool { return KindOf(err) == KindNotFound }

// Invalid says that a parameter is not acceptable; the message is a whole
// sentence for people.
func Invalid(field, format string, args ...any) *Error {
	e := newError(KindInvalid, format, args...)
	e.Fields = []Field{{Field: field, Message: e.Message}}
	return e
}

// Refused says that the state of a resource does not allow the request.
func Refused(format string, args ...any) *Error { return newError(KindRefused, format, args...) }

// NotFound says that there is no such resource; clients match its message.
func NotFound() *Error {
	return newError(KindNotFound, "The resource you were accessing could not be found.")
}

// BadRequest says that the request could not be read at all.
func BadRequest(format string, args ...any) *Error { return newError(KindBadRequest, format, args...) }

// Unauthorized says that the credentials are missing or wrong.
func Unauthorized() *Error { return newError(KindUnauthorized, "Unable to authenticate you.") }

// notAuthorized is the contract's sentence for every 403.
const notAuthorized = "Request not authorized, provided credentials do not provide access to specified resource"

// Denied says that no token may do that to the resource, and why.
func Denied(format string, args ...any) *Error {
	return newError(KindForbidden, notAuthorized+": "+format, args...)
}

// Forbidden says that the token lacks the scope: it needs one of these.
func Forbidden(scopes ...string) *Error {
	e := newError(KindForbidden, notAuthorized)
	e.Fields = []Field{{"scope", "The token needs the scope " + strings.Join(scopes, " or ")}}
	return e
}

// MethodNotAllowed says that the path exists but not for this method.
func MethodNotAllowed(method string) *Error {
	return newError(KindMethodNotAllowed, "%s is not allowed here; the Allow header lists what is.", method)
}

// Conflict says that the request collides with another one.
func Conflict(format string, args ...any) *Error { return newError(KindConflict, format, args...) }

// UnsupportedMediaType says that the body is of a type that is not read.
func UnsupportedMediaType(contentType string) *Error {
	return newError(KindUnsupportedMedia, "The body's type %q is not supported; send application/json.", contentType)
}

// UnsupportedCoding says that the body has a Content-Encoding, such as gzip.
func UnsupportedCoding(coding string) *Error {
	return newError(KindUnsupportedMedia, "The Content-Encoding %q is not supported; send the body as it is.", coding)
}

// RangeNotSatisfiable says what is wrong with a Range header.
func RangeNotSatisfiable(format string, args ...any) *Error {
	return newError(KindRange, format, args...)
}

// TooManyRequests says that the token has used up its requests for now.
func TooManyRequests() *Error { return newError(KindTooManyRequests, "API Rate limit exceeded.") }

// TooLarge says that the body is longer than limit bytes.
func TooLarge(limit int64) *Error {
	return newError(KindTooLarge, "The body is larger than the limit of %d bytes.", limit)
}

// NotImplemented says that this API lacks a product of DigitalOcean's.
func NotImplemented(product string) *Error {
	return newError(KindNotImplemented, "%s: this is not there yet.", product)
}

// Unavailable says that the server can't do it for now, but could later.
func Unavailable(message string) *Error { return newError(KindUnavailable, "%s", message) }
