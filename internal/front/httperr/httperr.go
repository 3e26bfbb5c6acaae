// Package httperr defines how the API answers each kind of error: its HTTP
// status and its id. The documentation, the schema and the answers all use
// this table.
package httperr

import (
	"net/http"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Answer is how errors of some kinds are answered.
type Answer struct {
	Status int
	ID     string // by which programs distinguish errors
	When   string // a sentence for people
	kinds  []apierr.Kind
}

// table has each answer once, by status (contract/README.md, errors).
var table = []Answer{
	{http.StatusBadRequest, "bad_request",
		"The request can't be read: broken JSON, a broken form, or a header that makes no sense.",
		[]apierr.Kind{apierr.KindBadRequest}},
	{http.StatusUnauthorized, "unauthorized",
		"The token is missing, unknown or expired.",
		[]apierr.Kind{apierr.KindUnauthorized}},
	{http.StatusForbidden, "forbidden",
		"The token lacks the scope, or the resource is not yours to change.",
		[]apierr.Kind{apierr.KindForbidden}},
	{http.StatusNotFound, "not_found",
		"Nothing is at this path, or not for this account.",
		[]apierr.Kind{apierr.KindNotFound}},
	{http.StatusMethodNotAllowed, "method_not_allowed",
		"The path is there but not for this method; the Allow header lists those that are.",
		[]apierr.Kind{apierr.KindMethodNotAllowed}},
	{http.StatusConflict, "conflict",
		"The request collides with another that is not finished.",
		[]apierr.Kind{apierr.KindConflict}},
	{http.StatusRequestEntityTooLarge, "payload_too_large",
		"The body is larger than the server reads.",
		[]apierr.Kind{apierr.KindTooLarge}},
	{http.StatusUnsupportedMediaType, "unsupported_media_type",
		"The body is neither JSON nor a form.",
		[]apierr.Kind{apierr.KindUnsupportedMedia}},
	{http.StatusRequestedRangeNotSatisfiable, "requested_range_not_satisfiable",
		"The Range header is wrong; the Accept-Ranges header lists the attributes that it can name.",
		[]apierr.Kind{apierr.KindRange}},
	{http.StatusUnprocessableEntity, "unprocessable_entity",
		"A parameter is not acceptable, or the state of the resource does not allow the request; errors names each parameter.",
		[]apierr.Kind{apierr.KindInvalid, apierr.KindRefused}},
	{http.StatusTooManyRequests, "too_many_requests",
		"The token has used up its requests; the Retry-After header says after how many seconds to ask again.",
		[]apierr.Kind{apierr.KindTooManyRequests}},
	{http.StatusInternalServerError, "server_error",
		"The server has failed; its log has the reason beside the request_id.",
		[]apierr.Kind{apierr.KindInternal}},
	{http.StatusNotImplemented, "not_implemented",
		"The path is of a product that is not there yet; the message names it.",
		[]apierr.Kind{apierr.KindNotImplemented}},
	{http.StatusServiceUnavailable, "service_unavailable",
		"The server can't do this now but could later; the Retry-After header says after how many seconds to ask again.",
		[]apierr.Kind{apierr.KindUnavailable}},
}

// Table returns every answer, by status.
func Table() []Answer { return slices.Clone(table) }

// Of returns the answer to errors of that kind.
func Of(kind apierr.Kind) Answer {
	i := slices.IndexFunc(table, func(a Answer) bool { return slices.Contains(a.kinds, kind) })
	return table[i]
}
