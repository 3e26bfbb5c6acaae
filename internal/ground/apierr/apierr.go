// Package apierr is the errors that Rockpool's rooms return for what a client
// did wrong. The front door turns them into answers in one place.
package apierr

import (
	"errors"
	"strings"
)

// Error is an answer of the API that is not a success. Its status and its id
// are those of its Kind, which only this package can give it.
type Error struct {
	kind
	Message string
	Fields  []Field  // what is wrong where, if it is about parameters
	Ranges  []string // what a list can be ordered by, if it is about its range
}

type kind = Kind

// Field is one problem of one parameter.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Invalid says that a parameter is not acceptable; message is a whole sentence
// for people.
func Invalid(field, format string, args ...any) *Error {
	e := unprocessableEntity.error(format, args...)
	e.Fields = []Field{{Field: field, Message: e.Message}}
	return e
}

// Refused says that the state of a resource does not allow the request.
func Refused(format string, args ...any) *Error { return unprocessableEntity.error(format, args...) }

// NotFound says that there is no such resource; clients match its message.
func NotFound() *Error { return notFound.error("The resource you were accessing could not be found.") }

// BadRequest says that the request could not be read at all.
func BadRequest(format string, args ...any) *Error { return badRequest.error(format, args...) }

// Unauthorized says that the credentials are missing or wrong.
func Unauthorized() *Error { return unauthorized.error("Unable to authenticate you.") }

// notAuthorized is the contract's sentence for every 403.
const notAuthorized = "Request not authorized, provided credentials do not provide access to specified resource"

// Denied says that no token may do that to the resource, and why.
func Denied(format string, args ...any) *Error {
	return forbidden.error(notAuthorized+": "+format, args...)
}

// Forbidden says that the token may not do what needs one of those scopes.
func Forbidden(scopes ...string) *Error {
	e := forbidden.error(notAuthorized)
	e.Fields = []Field{{"scope", "The token needs the scope " + strings.Join(scopes, " or ")}}
	return e
}

// MethodNotAllowed says that the path exists but not for this method.
func MethodNotAllowed(method string) *Error {
	return methodNotAllowed.error("%s is not allowed here; the Allow header lists what is.", method)
}

// Conflict says that the request collides with another one.
func Conflict(format string, args ...any) *Error { return conflict.error(format, args...) }

// UnsupportedMediaType says that the body is of a type that is not read.
func UnsupportedMediaType(contentType string) *Error {
	return unsupportedMediaType.error("The body's type %q is not supported; send application/json.", contentType)
}

// RangeNotSatisfiable says what is wrong with a Range header.
func RangeNotSatisfiable(format string, args ...any) *Error {
	return rangeNotSatisfiable.error(format, args...)
}

// UnsupportedCoding says that the body is compressed, or whatever else its
// Content-Encoding says.
func UnsupportedCoding(coding string) *Error {
	return unsupportedMediaType.error("The Content-Encoding %q is not supported; send the body as it is.", coding)
}

// TooManyRequests says that the token has used up its requests for now.
func TooManyRequests() *Error { return tooManyRequests.error("API Rate limit exceeded.") }

// TooLarge says that the body is longer than limit bytes.
func TooLarge(limit int64) *Error {
	return payloadTooLarge.error("The body is larger than the limit of %d bytes.", limit)
}

// ExpectationFailed says that the header Expect asks for what nobody can do.
func ExpectationFailed() *Error {
	return expectationFailed.error("The only expectation that can be met is 100-continue; leave out the header Expect.")
}

// HeadersTooLarge says that the headers with the path are longer than is read.
func HeadersTooLarge() *Error {
	return headersTooLarge.error("The path and the headers are too large altogether; send parameters in the body.")
}

// NotImplemented says that a product is not here, which others of this API have.
func NotImplemented(product string) *Error {
	return notImplemented.error("%s: this is not there yet.", product)
}

// Unavailable says that the server can't do it for now, but could later.
func Unavailable(message string) *Error { return serviceUnavailable.error("%s", message) }

// From returns the Error in err's chain. Any other error is the server's own
// fault, of which the client learns nothing.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return serverError.error("Unexpected server-side error")
}
