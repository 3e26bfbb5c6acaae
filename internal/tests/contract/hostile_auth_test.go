package contract

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Credentials in every invalid form, and method overrides of a POST.
func TestHostileCredentialsAndOverrides(t *testing.T) {
	const (
		unknown = "Unable to authenticate you."
		twice   = "is given 2 times; send it once."
	)
	anonymous := func(text string) string { return strings.Replace(text, "Authorization: Bearer TOKEN\r\n", "", 1) }
	as := func(authorization string) string { return anonymous(get("/v2/account", authorization)) }
	form := func(body string) string { return anonymous(send("POST", "/v2/account/keys", asForm, body)) }
	override := func(headers, body string) string { return send("POST", "/v2/account/keys/1", asJSON+headers, body) }
	basic := func(text string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n"
	}
	hostile(t, []rawRequest{
		// The header.
		{"no credentials", as(""), 401, "unauthorized", unknown},
		{"two headers", as("Authorization: Bearer TOKEN\r\nAuthorization: Bearer TOKEN\r\n"), 400, "bad_request", "Authorization " + twice},
		{"a good header after a bad one", as("Authorization: Bearer x\r\nAuthorization: Bearer TOKEN\r\n"), 400, "bad_request", "Authorization " + twice},
		{"a bad header after a good one", as("Authorization: Bearer TOKEN\r\nauthorization: Basic eDp4\r\n"), 400, "bad_request", "Authorization " + twice},
		{"two tokens in one header", as("Authorization: Bearer TOKEN, Bearer TOKEN\r\n"), 401, "unauthorized", unknown},
		{"a token and more", as("Authorization: Bearer TOKEN x\r\n"), 401, "unauthorized", unknown},
		{"a token without a scheme", as("Authorization: TOKEN\r\n"), 401, "unauthorized", unknown},
		{"a token in quotes", as("Authorization: Bearer \"TOKEN\"\r\n"), 401, "unauthorized", unknown},
		{"an empty header beside a good query", anonymous(get("/v2/account?access_token=TOKEN", "Authorization:\r\n")), 401, "unauthorized", unknown},
		{"a bad header beside a good query", anonymous(get("/v2/account?access_token=TOKEN", "Authorization: Bearer x\r\n")), 401, "unauthorized", unknown},
		{"a good header beside a bad query", get("/v2/account?access_token=x", ""), 200, "", "droplet_limit"},
		{"a header that is not UTF-8", as("Authorization: Bearer \xff\xfe\r\n"), 401, "unauthorized", unknown},
		{"a token of 64 KiB", as("Authorization: Bearer " + strings.Repeat("a", 64<<10) + "\r\n"), 401, "unauthorized", unknown},
		{"Basic that is no base64", as("Authorization: Basic TOKEN:x\r\n"), 401, "unauthorized", unknown},
		{"Basic without a colon", as(basic("x")), 401, "unauthorized", unknown},
		{"Basic with a NUL", as(basic("\x00:\x00")), 401, "unauthorized", unknown},
		{"an unknown scheme", as("Authorization: Negotiate TOKEN\r\n"), 401, "unauthorized", unknown},
		{"no credentials where nothing is", anonymous(get("/v2/nothing", "")), 404, "not_found", "could not be found"},

		// The query.
		{"a query token twice", anonymous(get("/v2/account?access_token=TOKEN&access_token=TOKEN", "")), 400, "bad_request", "access_token " + twice},
		{"a good query token after a bad one", anonymous(get("/v2/account?access_token=x&access_token=TOKEN", "")), 400, "bad_request", "access_token " + twice},
		{"a query token twice beside a header", get("/v2/account?access_token=x&access_token=y", ""), 200, "", "droplet_limit"},
		{"a query token in brackets", anonymous(get("/v2/account?access_token[]=TOKEN", "")), 401, "unauthorized", unknown},
		{"a query token in another case", anonymous(get("/v2/account?Access_Token=TOKEN", "")), 401, "unauthorized", unknown},
		{"an empty query token", anonymous(get("/v2/account?access_token=", "")), 401, "unauthorized", unknown},
		{"a query token with a NUL", anonymous(get("/v2/account?access_token=TOKEN%00", "")), 401, "unauthorized", unknown},
		{"a query token after a semicolon", anonymous(get("/v2/account?a=1;access_token=TOKEN", "")), 401, "unauthorized", unknown},
		{"a query token after a broken pair", anonymous(get("/v2/account?%zz=1&access_token=TOKEN", "")), 400, "bad_request", "invalid URL escape"},

		// The form.
		{"a form with a token", form("access_token=TOKEN&name=x"), 422, "unprocessable_entity", "Key invalid"},
		{"a form with a token twice", form("access_token=TOKEN&access_token=TOKEN"), 400, "bad_request", "access_token " + twice},
		{"a form with a wrong token", form("access_token=x&name=x"), 401, "unauthorized", unknown},
		{"a form without a token", form("name=x"), 401, "unauthorized", unknown},
		{"a good form beside a bad header", send("POST", "/v2/account/keys", asForm+"Authorization: Bearer x\r\n", "access_token=TOKEN"), 400, "bad_request", "Authorization " + twice},
		{"a good form beside a bad query", anonymous(send("POST", "/v2/account/keys?access_token=x", asForm, "access_token=TOKEN")), 401, "unauthorized", unknown},
		{"a broken form with a token", form("access_token=TOKEN&name=%zz"), 400, "bad_request", "invalid URL escape"},
		{"a form of 1 MiB and a byte without a token", form(strings.Repeat("a", 1<<20+1)), 413, "payload_too_large", "1048576 bytes"},
		{"JSON with a token", anonymous(send("POST", "/v2/account/keys", asJSON, `{"access_token":"TOKEN"}`)), 401, "unauthorized", unknown},
		{"JSON as a form with a token", form(`{"access_token":"TOKEN"}`), 401, "unauthorized", unknown},
		{"JSON as a form with a token inside it", form(`  {"name":"x&access_token=TOKEN&"}`), 401, "unauthorized", unknown},
		{"a form of parts with a token", anonymous(send("POST", "/v2/account/keys", asPart, part("access_token", "TOKEN")+"--x--")), 401, "unauthorized", unknown},

		// Overrides.
		{"two overrides that differ", override("X-Http-Method-Override: DELETE\r\nX-Http-Method-Override: PATCH\r\n", "{}"), 400, "bad_request", "DELETE and PATCH are asked for at once"},
		{"two overrides that agree", override("X-Http-Method-Override: PATCH\r\nX-Http-Method-Override: patch\r\n", "{}"), 200, "", `"ssh_key"`},
		{"two names of the header that differ", override("X-Http-Method-Override: PATCH\r\nHttp-Method-Override: DELETE\r\n", "{}"), 400, "bad_request", "PATCH and DELETE are asked for at once"},
		{"an empty override before another", override("X-Http-Method-Override:\r\nHttp-Method-Override: PUT\r\n", "{}"), 200, "", `"ssh_key"`},
		{"an empty override", override("X-Http-Method-Override:\r\n", "{}"), 405, "method_not_allowed", "POST is not allowed here"},
		{"an unknown override", override("X-Http-Method-Override: BREW\r\n", "{}"), 400, "bad_request", `"BREW" is no method`},
		{"an override with OPTIONS", override("X-Http-Method-Override: OPTIONS\r\n", "{}"), 400, "bad_request", `"OPTIONS" is no method`},
		{"an override with a list", override("X-Http-Method-Override: GET, DELETE\r\n", "{}"), 400, "bad_request", "is no method"},
		{"an override with a NUL's escape", override("X-Http-Method-Override: DELETE%00\r\n", "{}"), 400, "bad_request", "is no method"},
		{"an override that is not UTF-8", override("X-Http-Method-Override: \xff\r\n", "{}"), 400, "bad_request", "is no method"},
		{"an override of 64 KiB", override("X-Http-Method-Override: "+strings.Repeat("A", 64<<10)+"\r\n", "{}"), 400, "bad_request", "is no method"},
		{"an override of a PUT", send("PUT", "/v2/account/keys/1", asJSON+"X-Http-Method-Override: DELETE\r\n", "{}"), 200, "", `"ssh_key"`},
		{"an override of a GET", get("/v2/account/keys/1", "X-Http-Method-Override: DELETE\r\n"), 200, "", `"ssh_key"`},
		{"an override with HEAD", override("X-Http-Method-Override: HEAD\r\n", "{}"), 200, "", ""},
		{"an override with HEAD of nothing", send("POST", "/v2/nothing", "X-Http-Method-Override: HEAD\r\n", ""), 404, "", ""},
		{"an override with POST", send("POST", "/v2/account/keys", asJSON+"X-Http-Method-Override: POST\r\n", "{}"), 422, "unprocessable_entity", "Name can't be blank"},
		{"an override without credentials", anonymous(override("X-Http-Method-Override: DELETE\r\n", "{}")), 401, "unauthorized", unknown},
		{"an override where the method is not allowed", send("POST", "/v2/sizes", "X-Http-Method-Override: DELETE\r\n", ""), 405, "method_not_allowed", "DELETE is not allowed here"},
		{"an override in the query", send("POST", "/v2/account/keys/1?_method=DELETE", asJSON, "{}"), 405, "method_not_allowed", "POST is not allowed here"},
		{"an override of a broken body", override("X-Http-Method-Override: DELETE\r\n", "{"), 400, "bad_request", "error parsing request body"},
	})
}

// part is one part of a form whose boundary is x.
func part(name, value string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}
