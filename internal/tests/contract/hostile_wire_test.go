package contract

import (
	"strings"
	"testing"
)

// Errors in the framing, the method, the target and the headers, before any
// parameter is read. net/http itself answers input that is not HTTP.
func TestHostileWire(t *testing.T) {
	const (
		malformed = "400 Bad Request" // the response of net/http to input that is not HTTP
		notFound  = "The resource you were accessing could not be found."
		torn      = "The body could not be read to its end."
	)
	chunked := send("POST", "/v2/account/keys", asJSON+"Transfer-Encoding: chunked\r\n", "")
	chunked = strings.Replace(chunked, "Content-Length: LENGTH\r\n", "", 1)
	bare := func(line string) string { return line + "\r\nHost: rockpool\r\nAuthorization: Bearer TOKEN\r\n\r\n" }
	length := func(n string) string {
		return "POST /v2/account/keys HTTP/1.1\r\nHost: rockpool\r\nAuthorization: Bearer TOKEN\r\n" + asJSON + n + "\r\n{}"
	}
	requests := []rawRequest{
		// Lengths and chunks.
		{"two lengths that differ", length("Content-Length: 2\r\nContent-Length: 3\r\n"), 400, "", malformed},
		{"two lengths that agree", length("Content-Length: 2\r\nContent-Length: 2\r\n"), 422, "unprocessable_entity", "Name can't be blank"},
		{"a length with a list in it", length("Content-Length: 2, 2\r\n"), 400, "", malformed},
		{"a negative length", length("Content-Length: -2\r\n"), 400, "", malformed},
		{"a length with a sign", length("Content-Length: +2\r\n"), 400, "", malformed},
		{"a length of no digits", length("Content-Length: two\r\n"), 400, "", malformed},
		{"a length that no integer holds", length("Content-Length: 99999999999999999999\r\n"), 400, "", malformed},
		{"a length that says more than is allowed", length("Content-Length: 1048577\r\n") + "HALT", 400, "bad_request", torn},
		{"a length larger than the body", length("Content-Length: 20\r\n") + "HALT", 400, "bad_request", torn},
		{"a length smaller than the body", length("Content-Length: 1\r\n"), 400, "bad_request", "error parsing request body"},
		{"no length, no body", length(""), 422, "unprocessable_entity", "Name can't be blank"},
		{"length and chunks", length("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + "HALT", 400, "bad_request", torn},
		{"an unknown transfer encoding", length("Transfer-Encoding: gzip\r\n"), 501, "", "Unsupported transfer encoding"},
		{"chunked twice", length("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 501, "", "Unsupported transfer encoding"},
		{"chunks that are good", chunked + "2\r\n{\"\r\n9;ext=1\r\nname\":1}\n\r\n0\r\n\r\n", 422, "unprocessable_entity", "Key invalid"},
		{"chunks that stop between two", chunked + "2\r\n{}\r\nHALT", 400, "bad_request", torn},
		{"chunks that stop inside one", chunked + "ff\r\n{}HALT", 400, "bad_request", torn},
		{"chunks of no size", chunked + "x\r\n{}\r\n0\r\n\r\n", 400, "bad_request", torn},
		{"chunks of a negative size", chunked + "-2\r\n{}\r\n0\r\n\r\n", 400, "bad_request", torn},
		{"chunks of a huge size", chunked + "ffffffffffffffffff\r\n{}", 400, "bad_request", torn},
		{"a chunk longer than it says", chunked + "1\r\n{}\r\n0\r\n\r\n", 400, "bad_request", torn},
		{"chunks of more than 1 MiB", chunked + "100001\r\n" + strings.Repeat(" ", 1<<20+1) + "\r\n0\r\n\r\n", 413, "payload_too_large", "1048576 bytes"},
		{"a body of 1 MiB and a byte", send("POST", "/v2/account/keys", asJSON, strings.Repeat(" ", 1<<20+1)), 413, "payload_too_large", "1048576 bytes"},
		{"a body of 1 MiB", send("POST", "/v2/account/keys", asJSON, `{"name":"`+strings.Repeat("n", 1<<20-11)+`"}`), 422, "unprocessable_entity", "Name is too long"},
		{"a compressed body", send("POST", "/v2/account/keys", asJSON+"Content-Encoding: gzip\r\n", "\x1f\x8b\x08"), 415, "unsupported_media_type", "Content-Encoding"},
		{"a body that says it is as it is", send("POST", "/v2/account/keys", asJSON+"Content-Encoding: identity\r\n", "{}"), 422, "unprocessable_entity", "Name can't be blank"},

		// Expectations.
		{"100-continue", send("POST", "/v2/account/keys", asJSON+"Expect: 100-continue\r\n", "{}"), 422, "unprocessable_entity", "Name can't be blank"},
		{"100-continue on a path that is not there", send("POST", "/v2/nothing", asJSON+"Expect: 100-continue\r\n", "{}"), 404, "not_found", notFound},
		{"another expectation", send("POST", "/v2/account/keys", asJSON+"Expect: a miracle\r\n", "{}"), 417, "", ""},

		// Bodies of requests that have none.
		{"a body on a GET", send("GET", "/v2/account", asJSON, `{"a":1}`), 200, "", "droplet_limit"},
		{"a broken body on a GET", send("GET", "/v2/account", asJSON, `{"a":`), 400, "bad_request", "error parsing request body"},
		{"a body on a HEAD", send("HEAD", "/v2/account", asJSON, `{"a":1}`), 200, "", ""},
		{"a broken body on a DELETE", send("DELETE", "/v2/account/keys/1", asJSON, `{"a":`), 400, "bad_request", "error parsing request body"},
		{"a body of text on a DELETE", send("DELETE", "/v2/account/keys/1", "Content-Type: text/plain\r\n", "please"), 415, "unsupported_media_type", "text/plain"},

		// Methods.
		{"a method in lower case", bare("get /v2/account HTTP/1.1"), 405, "method_not_allowed", "get is not allowed here"},
		{"a method of no name", bare("BREW /v2/account HTTP/1.1"), 405, "method_not_allowed", "BREW is not allowed here"},
		{"a method of no name, a path of none", bare("BREW /v2/nothing HTTP/1.1"), 404, "not_found", notFound},
		{"a method of 8 KiB", bare(strings.Repeat("A", 8<<10) + " /v2/account HTTP/1.1"), 405, "method_not_allowed", "is not allowed here"},
		{"a method that is no token", bare("G{T /v2/account HTTP/1.1"), 400, "", malformed},
		{"no method", bare(" /v2/account HTTP/1.1"), 400, "", malformed},
		{"TRACE", bare("TRACE /v2/account HTTP/1.1"), 405, "method_not_allowed", "TRACE is not allowed here"},
		{"CONNECT to a host", bare("CONNECT example.com:443 HTTP/1.1"), 404, "not_found", notFound},
		{"CONNECT to a path", bare("CONNECT /v2/account HTTP/1.1"), 405, "method_not_allowed", "CONNECT is not allowed here"},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404, "not_found", notFound},

		// Versions.
		{"HTTP/1.0", bare("GET /v2/account HTTP/1.0"), 200, "", "droplet_limit"},
		{"HTTP/1.0 without a host", "GET /v2 HTTP/1.0\r\nAuthorization: Bearer TOKEN\r\n\r\n", 200, "", `"v2":"SCHEME://127.0.0.1:`},
		{"HTTP/0.9", "GET /v2/account\r\n\r\n", 400, "", malformed},
		{"HTTP/3.0", bare("GET /v2/account HTTP/3.0"), 505, "", "unsupported protocol version"},
		{"HTTP/1.1.1", bare("GET /v2/account HTTP/1.1.1"), 400, "", malformed},
		{"noise", strings.Repeat("\x16\x03\x01", 20) + "\r\n\r\n", 400, "", malformed},

		// Targets.
		{"an absolute target", bare("GET http://rockpool/v2/account HTTP/1.1"), 200, "", "droplet_limit"},
		{"an absolute target of another host", bare("GET http://example.com/v2 HTTP/1.1"), 200, "", `"v2":"SCHEME://example.com/v2"`},
		{"an asterisk", bare("GET * HTTP/1.1"), 404, "not_found", notFound},
		{"OPTIONS of an asterisk", bare("OPTIONS * HTTP/1.1"), 204, "", ""},
		{"a target without its slash", bare("GET v2/account HTTP/1.1"), 400, "", malformed},
		{"no target", bare("GET  HTTP/1.1"), 400, "", malformed},
		{"a fragment", bare("GET /v2/account#x HTTP/1.1"), 404, "not_found", notFound},
		{"two slashes", bare("GET /v2//account HTTP/1.1"), 404, "not_found", notFound},
		{"two slashes first", bare("GET //v2/account HTTP/1.1"), 404, "not_found", notFound},
		{"two slashes last", bare("GET /v2/account// HTTP/1.1"), 404, "not_found", notFound},
		{"dots", bare("GET /v2/account/../droplets HTTP/1.1"), 404, "not_found", notFound},
		{"encoded dots", bare("GET /v2/account/%2e%2e/droplets HTTP/1.1"), 404, "not_found", notFound},
		{"dots out of the root", bare("GET /../../etc/passwd HTTP/1.1"), 404, "not_found", notFound},
		{"a backslash", bare(`GET /v2\account HTTP/1.1`), 404, "not_found", notFound},
		{"a semicolon", bare("GET /v2/account;a=1 HTTP/1.1"), 404, "not_found", notFound},
		{"a semicolon in an identity", bare("DELETE /v2/droplets/1;a=1 HTTP/1.1"), 404, "not_found", notFound},
		{"another case", bare("GET /V2/Account HTTP/1.1"), 404, "not_found", notFound},
		{"an encoded slash", bare("GET /v2%2Faccount HTTP/1.1"), 404, "not_found", notFound},
		{"an encoded slash last", bare("GET /v2/account%2F HTTP/1.1"), 404, "not_found", notFound},
		{"an encoded slash in an identity", bare("GET /v2/droplets/1%2Factions HTTP/1.1"), 404, "not_found", notFound},
		{"an encoded NUL", bare("DELETE /v2/droplets/1%00 HTTP/1.1"), 404, "not_found", notFound},
		{"a NUL", bare("DELETE /v2/droplets/1\x00 HTTP/1.1"), 400, "", malformed},
		{"an encoded line's end", bare("GET /v2/images/a%0d%0aX:%20y HTTP/1.1"), 404, "not_found", notFound},
		{"a broken escape", bare("GET /v2/images/%zz HTTP/1.1"), 400, "", malformed},
		{"a path that is not UTF-8", bare("GET /v2/images/\xff\xfe HTTP/1.1"), 404, "not_found", notFound},
		{"an encoded path that is not UTF-8", bare("DELETE /v2/account/keys/%c0%af HTTP/1.1"), 404, "not_found", notFound},
		{"digits of another script", bare("GET /v2/droplets/%D9%A1 HTTP/1.1"), 404, "not_found", notFound},
		{"an identity of 64 KiB", bare("GET /v2/droplets/" + strings.Repeat("9", 64<<10) + " HTTP/1.1"), 404, "not_found", notFound},
		{"10,000 parts", bare("GET /v2" + strings.Repeat("/a", 10000) + " HTTP/1.1"), 404, "not_found", notFound},

		// Headers.
		{"no host", "GET /v2/account HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n\r\n", 400, "", malformed},
		{"two hosts", get("/v2/account", "Host: other\r\n"), 400, "", malformed},
		{"a host with a space", "GET /v2 HTTP/1.1\r\nHost: a b\r\nAuthorization: Bearer TOKEN\r\n\r\n", 400, "", malformed},
		{"a NUL in a header", get("/v2/account", "X-A: a\x00b\r\n"), 400, "", malformed},
		{"a header that is not UTF-8", get("/v2/account", "X-A: \xff\xfe\r\n"), 200, "", "droplet_limit"},
		{"a header without a colon", get("/v2/account", "nonsense\r\n"), 400, "", malformed},
		{"a header with a space before its colon", get("/v2/account", "X-A : b\r\n"), 400, "", malformed},
		{"a header of no name", get("/v2/account", ": b\r\n"), 400, "", malformed},
		{"a folded header", get("/v2/account", "X-A: b\r\n c\r\n"), 200, "", "droplet_limit"},
		{"5,000 headers", get("/v2/account", strings.Repeat("X-A: b\r\n", 5000)), 200, "", "droplet_limit"},
		{"10,000 headers", get("/v2/account", strings.Repeat("X-A: b\r\n", 10000)), 431, "", "431 Request Header Fields Too Large"},
		{"2 MiB of headers", get("/v2/account", strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 2000)), 431, "", "431 Request Header Fields Too Large"},
		{"a header of 2 MiB", get("/v2/account", "X-A: "+strings.Repeat("b", 2<<20)+"\r\n"), 431, "", "431 Request Header Fields Too Large"},
		{"a request id of the client's", get("/v2/nothing", "X-Request-Id: mine\r\n"), 404, "not_found", notFound},
		{"a scheme of no name forwarded", get("/v2", "X-Forwarded-Proto: javascript\r\n"), 200, "", `"v2":"SCHEME://rockpool/v2"`},
	}
	bothWays(t, func(c *client, t *testing.T) { c.hostile(t, requests) }, manyDroplets)
}
