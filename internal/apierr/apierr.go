// Package apierr is the errors that Rockpool's rooms return for what a client
// did wrong. The front door turns them into answers in one place.
package apierr

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer of the API that is not a success. Its ids and statuses
// are the contract's table of errors.
type Error struct {
	Status  int
	ID      string
	Message string
	Fields  []Field  // what is wrong where, if it is about parameters
	Ranges  []string // what a list can be ordered by, if it is about its range
}

// Field is one problem of one parameter.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Invalid says that a parameter is not acceptable; message is a whole sentence
// for people.
func Invalid(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Status: http.StatusUnprocessableEntity, ID: "unprocessable_entity", Message: message,
		Fields: []Field{{Field: field, Message: message}}}
}

// Refused says that the state of a resource does not allow the request.
func Refused(format string, args ...any) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, ID: "unprocessable_entity", Message: fmt.Sprintf(format, args...)}
}

// NotFound says that there is no such resource; clients match its message.
func NotFound() *Error {
	return &Error{Status: http.StatusNotFound, ID: "not_found", Message: "The resource you were accessing could not be found."}
}

// BadRequest says that the request could not be read at all.
func BadRequest(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, ID: "bad_request", Message: fmt.Sprintf(format, args...)}
}

// Unauthorized says that the credentials are missing or wrong.
func Unauthorized() *Error {
	return &Error{Status: http.StatusUnauthorized, ID: "unauthorized", Message: "Unable to authenticate you."}
}

// Forbidden says that the token may not do this.
func Forbidden() *Error {
	return &Error{Status: http.StatusForbidden, ID: "forbidden",
		Message: "Request not authorized, provided credentials do not provide access to specified resource"}
}

// MethodNotAllowed says that the path exists but not for this method.
func MethodNotAllowed(method string) *Error {
	return &Error{Status: http.StatusMethodNotAllowed, ID: "method_not_allowed",
		Message: fmt.Sprintf("%s is not allowed here; the Allow header lists what is.", method)}
}

// UnsupportedMediaType says that the body is of a type that is not read.
func UnsupportedMediaType(contentType string) *Error {
	return &Error{Status: http.StatusUnsupportedMediaType, ID: "unsupported_media_type",
		Message: fmt.Sprintf("The body's type %q is not supported; send application/json.", contentType)}
}

// UnsupportedCoding says that the body is compressed, or whatever else its
// Content-Encoding says.
func UnsupportedCoding(coding string) *Error {
	return &Error{Status: http.StatusUnsupportedMediaType, ID: "unsupported_media_type",
		Message: fmt.Sprintf("The Content-Encoding %q is not supported; send the body as it is.", coding)}
}

// TooManyRequests says that the token has used up its requests for now.
func TooManyRequests() *Error {
	return &Error{Status: http.StatusTooManyRequests, ID: "too_many_requests", Message: "API Rate limit exceeded."}
}

// TooLarge says that the body is longer than limit bytes.
func TooLarge(limit int64) *Error {
	return &Error{Status: http.StatusRequestEntityTooLarge, ID: "payload_too_large",
		Message: fmt.Sprintf("The body is larger than the limit of %d bytes.", limit)}
}

// ExpectationFailed says that the header Expect asks for what nobody can do.
func ExpectationFailed() *Error {
	return &Error{Status: http.StatusExpectationFailed, ID: "expectation_failed",
		Message: "The only expectation that can be met is 100-continue; leave out the header Expect."}
}

// HeadersTooLarge says that the headers with the path are longer than is read.
func HeadersTooLarge() *Error {
	return &Error{Status: http.StatusRequestHeaderFieldsTooLarge, ID: "request_header_fields_too_large",
		Message: "The path and the headers are too large altogether; send parameters in the body."}
}

// Unavailable says that the server can't do it for now, but could later.
func Unavailable(message string) *Error {
	return &Error{Status: http.StatusServiceUnavailable, ID: "service_unavailable", Message: message}
}

// From returns the Error in err's chain. Any other error is the server's own
// fault, of which the client learns nothing.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Status: http.StatusInternalServerError, ID: "server_error", Message: "Unexpected server-side error"}
}
