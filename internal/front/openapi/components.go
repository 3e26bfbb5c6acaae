package openapi

import (
	"net/http"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
)

const description = "Droplets and what belongs to them, at your own place. " +
	"Every request wants a token: as a bearer, as the user of Basic authentication with any password, or in the query as access_token. " +
	"Parameters may stand in the body as JSON or as a form, or in the query. " +
	"A POST with the header X-Http-Method-Override is the method that the header names, and a HEAD is a GET without its body. " +
	"With the Accept header application/vnd.digitalocean.draft+json, or view=draft in the query, " +
	"answers have the shapes of the API's early draft, which this document does not describe."

var securitySchemes = object{
	"bearer":       object{"type": "http", "scheme": "bearer", "description": "The token."},
	"basic":        object{"type": "http", "scheme": "basic", "description": "The token as the user, with any password."},
	"access_token": object{"type": "apiKey", "in": "query", "name": "access_token", "description": "The token, for clients that can set no header."},
}

var parameters = object{
	"page": object{"name": "page", "in": "query", "description": "number of the page, from 1",
		"schema": object{"type": "integer", "minimum": 1, "default": 1}},
	"per_page": object{"name": "per_page", "in": "query", "description": "how many items a page has",
		"schema": object{"type": "integer", "minimum": 1, "maximum": 200, "default": 20}},
	"Range": object{"name": "Range", "in": "header", "example": "id ..; max=10",
		"description": "which slice of the list is wanted: an attribute of Accept-Ranges, the first and the last value around two dots, and max and order. Ignored beside page and per_page.",
		"schema":      object{"type": "string"}},
	"Idempotency-Key": object{"name": "Idempotency-Key", "in": "header",
		"description": "any text of the client's, new for each thing it wants done: a request that is sent again with it is answered as it was and not done twice",
		"schema":      object{"type": "string", "maxLength": 255}},
}

// header describes one header of answers.
type header struct{ name, kind, description string }

// everyHeader are the headers of every answer to a request with a valid token.
var everyHeader = []header{
	{"X-Request-Id", "string", "the request's name in the server's log"},
	{"RateLimit-Limit", "integer", "how many requests the token may make in an hour"},
	{"RateLimit-Remaining", "integer", "how many of them are left"},
	{"RateLimit-Reset", "integer", "when the oldest one that is counted is an hour old, in seconds since 1970"},
}

var headers = describe(append(slices.Clone(everyHeader),
	header{"Location", "string", "URL of what was made"},
	header{"Accept-Ranges", "string", "the attributes that a Range header can name"},
	header{"Content-Range", "string", "which slice of the list this is"},
	header{"Next-Range", "string", "the Range header that asks for what comes after it"},
	header{"Prev-Range", "string", "the Range header that asks for what comes before it"},
	header{"Retry-After", "integer", "after how many seconds to ask again"},
	header{"WWW-Authenticate", "string", "how to authenticate"},
	header{"Allow", "string", "the methods that the path has"},
))

// errorHeaders are the headers of an error of that status besides everyHeader.
var errorHeaders = map[int][]string{
	http.StatusUnauthorized:                 {"WWW-Authenticate"},
	http.StatusMethodNotAllowed:             {"Allow"},
	http.StatusRequestedRangeNotSatisfiable: {"Accept-Ranges"},
	http.StatusTooManyRequests:              {"Retry-After"},
	http.StatusServiceUnavailable:           {"Retry-After"},
}

func describe(all []header) object {
	described := object{}
	for _, h := range all {
		described[h.name] = object{"description": h.description, "schema": object{"type": h.kind}}
	}
	return described
}

func names(all []header) []string {
	var names []string
	for _, h := range all {
		names = append(names, h.name)
	}
	return names
}

func headerRefs(names []string) object {
	refs := object{}
	for _, name := range names {
		refs[name] = ref("headers", name)
	}
	return refs
}

// errorResponses returns one response for each status of errors. Errors with the same
// status differ in their ids.
func errorResponses(form object) object {
	responses := object{}
	for _, a := range httperr.Table() {
		name := responseName(a.Status)
		example := object{"value": object{"id": a.ID, "message": a.When, "request_id": "4d9d8375-3c56-4925-a3e7-eb137fed17e9"}}
		if response, ok := responses[name].(object); ok {
			response["description"] = response["description"].(string) + " " + a.When
			response["content"].(object)["application/json"].(object)["examples"].(object)[a.ID] = example
			continue
		}
		shown := []string{"X-Request-Id"}
		if a.Status != http.StatusUnauthorized { // a request without a valid token has no rate limit
			shown = names(everyHeader)
		}
		responses[name] = object{
			"description": a.When, "headers": headerRefs(append(shown, errorHeaders[a.Status]...)),
			"content": object{"application/json": object{"schema": form, "examples": object{a.ID: example}}},
		}
	}
	return responses
}

// responseName returns the name of the component for that status.
func responseName(status int) string {
	table := httperr.Table()
	return table[slices.IndexFunc(table, func(a httperr.Answer) bool { return a.Status == status })].ID
}
