package openapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

func (w *writer) operation(r *schema.Resource, link *schema.Link) object {
	operation := object{
		"operationId": link.Operation(), "summary": link.Title, "description": link.Description,
		"tags": []string{r.Title}, "responses": w.responses(link),
		"x-scopes": link.Scopes, // one of them is enough; the scopes of a security requirement are only for OAuth's flows
	}
	params := w.pathParams(link)
	if takesBody(link.Method) {
		if link.ParamsSchema() != nil {
			operation["requestBody"] = w.requestBody(link)
		}
	} else {
		params = append(params, w.queryParams(link)...)
	}
	if link.Lists() {
		params = append(params, refs("parameters", "page", "per_page", "Range")...)
	}
	if link.Method == http.MethodPost {
		params = append(params, refs("parameters", "Idempotency-Key")...)
	}
	if len(params) > 0 {
		operation["parameters"] = params
	}
	return operation
}

// takesBody reports whether a method's parameters are documented as a body. The API
// accepts a body with every method, but few clients send it.
func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func (w *writer) pathParams(link *schema.Link) []any {
	var params []any
	for _, v := range link.Variables {
		var names []string
		types := []string{}
		for _, by := range v.By {
			names, types = append(names, by.Name), append(types, by.Types...)
		}
		params = append(params, object{
			"name": v.Resource, "in": "path", "required": true, "example": v.By[0].Example,
			"description": strings.Join(names, " or ") + " of the " + strings.ReplaceAll(v.Resource, "-", " "),
			"schema":      object{"type": simple(types)},
		})
	}
	return params
}

func (w *writer) queryParams(link *schema.Link) []any {
	var params []any
	properties, _ := link.ParamsSchema()["properties"].(object)
	for _, a := range link.Params() {
		params = append(params, object{
			"name": a.Name, "in": "query", "required": a.Required, "description": a.Description,
			"schema": w.convert(properties[a.Name].(object)),
		})
	}
	return params
}

// requestBody returns the parameters in each media type that is accepted.
func (w *writer) requestBody(link *schema.Link) object {
	name := link.Operation()
	if w.schemas[name] != nil {
		w.fail("two schemas are called %s", name)
	}
	w.schemas[name] = w.convert(link.ParamsSchema())
	media := object{"schema": ref("schemas", name)}
	asJSON := object{"schema": ref("schemas", name)}
	if example := link.ParamsExample(); len(example) > 0 {
		asJSON["example"] = example
	}
	required, _ := link.ParamsSchema()["required"].([]any)
	return object{
		"required": len(required) > 0,
		"content": object{
			"application/json": asJSON, "application/x-www-form-urlencoded": media, "multipart/form-data": media,
		},
	}
}

func (w *writer) responses(link *schema.Link) object {
	shown := names(everyHeader)
	if link.Rel == "create" {
		shown = append(shown, "Location")
	}
	if link.Lists() {
		shown = append(shown, "Accept-Ranges", "Content-Range")
	}
	responses := object{strconv.Itoa(link.Status): w.response(link, http.StatusText(link.Status), shown)}
	if link.Also != 0 {
		responses[strconv.Itoa(link.Also)] = w.response(link, http.StatusText(link.Also), shown)
	}
	if link.Lists() {
		partial := w.response(link, "A part of the list; more comes before it or after it.", append(shown, "Next-Range", "Prev-Range"))
		responses[strconv.Itoa(http.StatusPartialContent)] = partial
	}
	for _, a := range httperr.Table() {
		if status := strconv.Itoa(a.Status); happens(a.Status, link) && responses[status] == nil {
			responses[status] = ref("responses", responseName(a.Status))
		}
	}
	return responses
}

func (w *writer) response(link *schema.Link, description string, shown []string) object {
	response := object{"description": description, "headers": headerRefs(shown)}
	if target := link.AnswerSchema(); target != nil {
		response["content"] = object{"application/json": object{"schema": w.convert(target), "example": link.AnswerExample()}}
	}
	return response
}

// happens reports whether a link can answer with that error status.
func happens(status int, link *schema.Link) bool {
	switch status {
	case http.StatusNotFound:
		return len(link.Variables) > 0
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return false // not where the link is
	case http.StatusConflict:
		return link.Method != http.MethodGet
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return takesBody(link.Method)
	case http.StatusRequestedRangeNotSatisfiable:
		return link.Lists()
	case http.StatusUnprocessableEntity:
		return link.Method != http.MethodGet || link.ParamsSchema() != nil
	}
	return true
}
