package servertest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckedFindsViolationsOfTheSchema(t *testing.T) {
	contract := Start(t, Config(t)).Server.Schema
	const key = `{"ssh_key":{"id":1,"name":"a","fingerprint":"b","public_key":"c"}}`
	for name, test := range map[string]struct {
		method, path string
		status       int
		body         string
		breaks       bool
	}{
		"what is described":        {"GET", "/v2/account/keys/1", 200, key, false},
		"a trailing slash":         {"GET", "/v2/account/keys/1/", 200, key, false},
		"another status":           {"GET", "/v2/account/keys/1", 201, key, true},
		"an unknown attribute":     {"GET", "/v2/account/keys/1", 200, strings.Replace(key, `"id"`, `"x":1,"id"`, 1), true},
		"an unknown name beside":   {"GET", "/v2/account/keys/1", 200, strings.Replace(key, `{"ssh`, `{"x":1,"ssh`, 1), true},
		"a missing attribute":      {"GET", "/v2/account/keys/1", 200, strings.Replace(key, `"id":1,`, ``, 1), true},
		"an attribute's type":      {"GET", "/v2/account/keys/1", 200, strings.Replace(key, `1`, `"1"`, 1), true},
		"no body":                  {"GET", "/v2/account/keys/1", 200, "", true},
		"a body of no JSON":        {"GET", "/v2/account/keys/1", 200, "hello", true},
		"no links of a list":       {"GET", "/v2/account/keys", 200, `{"ssh_keys":[],"meta":{"total":0}}`, true},
		"a part of a list":         {"GET", "/v2/account/keys", 206, `{"ssh_keys":[],"links":{},"meta":{"total":0}}`, false},
		"a part where a page was":  {"GET", "/v2/account/keys?page=1", 206, `{"ssh_keys":[],"links":{},"meta":{"total":0}}`, true},
		"nothing of a destroy":     {"DELETE", "/v2/account/keys/1", 204, "", false},
		"a body of a destroy":      {"DELETE", "/v2/account/keys/1", 204, "{}", true},
		"a path that is no link's": {"GET", "/v2/secrets", 200, "{}", true},
		"an error":                 {"GET", "/v2/secrets", 404, `{"id":"not_found","message":"a","request_id":"b"}`, false},
		"an error's other id":      {"GET", "/v2/secrets", 404, `{"id":"bad_request","message":"a","request_id":"b"}`, true},
		"an error's unknown id":    {"GET", "/v2/secrets", 404, `{"id":"gone","message":"a","request_id":"b"}`, true},
		"an error of another form": {"GET", "/v2/secrets", 404, `{"error":"not found"}`, true},
	} {
		sent, err := http.NewRequest(test.method, test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		kept := &keptAnswer{ResponseWriter: httptest.NewRecorder(), status: test.status}
		kept.body.WriteString(test.body)
		if problem := kept.problem(contract, sent); (problem != "") != test.breaks {
			t.Errorf("%s: %q", name, problem)
		}
	}
}
