package apierr

import (
	"fmt"
	"net/http"
	"slices"
)

// Kind is a kind of error: what clients can tell errors apart by.
type Kind struct {
	Status int
	ID     string
	When   string // a whole sentence for people
}

// The kinds of errors, by the contract's table. Documentation, schema and
// constructors all come from here.
var (
	badRequest = define(http.StatusBadRequest, "bad_request",
		"The request can't be read: broken JSON, a broken form, or a header that makes no sense.")
	unauthorized = define(http.StatusUnauthorized, "unauthorized",
		"The token is missing, unknown or expired.")
	forbidden = define(http.StatusForbidden, "forbidden",
		"The token lacks the scope, or the resource is not yours to change.")
	notFound = define(http.StatusNotFound, "not_found",
		"Nothing is at this path, or not for this account.")
	methodNotAllowed = define(http.StatusMethodNotAllowed, "method_not_allowed",
		"The path is there but not for this method; the Allow header lists those that are.")
	conflict = define(http.StatusConflict, "conflict",
		"The request collides with another that is not finished.")
	payloadTooLarge = define(http.StatusRequestEntityTooLarge, "payload_too_large",
		"The body is larger than the server reads.")
	unsupportedMediaType = define(http.StatusUnsupportedMediaType, "unsupported_media_type",
		"The body is neither JSON nor a form.")
	rangeNotSatisfiable = define(http.StatusRequestedRangeNotSatisfiable, "requested_range_not_satisfiable",
		"The Range header is wrong; the Accept-Ranges header lists the attributes that it can name.")
	expectationFailed = define(http.StatusExpectationFailed, "expectation_failed",
		"The Expect header asks for something other than 100-continue.")
	unprocessableEntity = define(http.StatusUnprocessableEntity, "unprocessable_entity",
		"A parameter is not acceptable, or the state of the resource does not allow the request; errors names each parameter.")
	tooManyRequests = define(http.StatusTooManyRequests, "too_many_requests",
		"The token has used up its requests; the Retry-After header tells for how many seconds.")
	headersTooLarge = define(http.StatusRequestHeaderFieldsTooLarge, "request_header_fields_too_large",
		"The path and the headers are larger than the server reads.")
	serverError = define(http.StatusInternalServerError, "server_error",
		"The server has failed; its log has the reason beside the request_id.")
	notImplemented = define(http.StatusNotImplemented, "not_implemented",
		"The path is of a product that is not there yet; the message names it.")
	serviceUnavailable = define(http.StatusServiceUnavailable, "service_unavailable",
		"The server can't do this now but could later; the Retry-After header tells in how many seconds to ask again.")
)

var table []Kind

func define(status int, id, when string) Kind {
	k := Kind{status, id, when}
	table = append(table, k)
	return k
}

// Table returns every kind of error, by status.
func Table() []Kind {
	return slices.SortedStableFunc(slices.Values(table), func(a, b Kind) int { return a.Status - b.Status })
}

// error makes an error of that kind.
func (k Kind) error(format string, args ...any) *Error {
	return &Error{kind: k, Message: fmt.Sprintf(format, args...)}
}
