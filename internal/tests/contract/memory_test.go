package contract

import (
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// allocated returns how many bytes the cloud allocates for a request. It is
// the least of three measurements, because other goroutines allocate too.
func (c *client) allocated(r func() *http.Request) (bytes uint64, a *httptest.ResponseRecorder) {
	for range 3 {
		request := r()
		a = httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c.Server.Handler.ServeHTTP(a, request)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; bytes == 0 || took < bytes {
			bytes = took
		}
	}
	return bytes, a
}

// fill repeats a text up to a size in bytes.
func fill(text string, size int) string { return strings.Repeat(text, size/len(text)) }

// costliest is the limit of allocated bytes for each byte of a request.
const costliest = 48

// The memory for a request is proportional to its size, whatever its content
// is, also without a valid token.
func TestRequestMemoryIsProportionalToItsSize(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	const most = 1<<20 - 1000 // largest body
	inArray := func(name, element string) string {
		return `{"image":"micro","name":"a","` + name + `":[` + fill(element+",", most) + element + `]}`
	}
	const urlencoded = "application/x-www-form-urlencoded"
	var parts strings.Builder
	form := multipart.NewWriter(&parts)
	for i := range 5000 {
		form.WriteField(fmt.Sprint("a", i), "x")
	}
	form.Close()
	for _, test := range []struct{ name, method, path, contentType, body, token string }{
		{"wrong tags", "POST", "/v2/droplets", "", inArray("tags", "1"), c.Token},
		{"wrong names", "POST", "/v2/droplets", "", inArray("names", "{}"), c.Token},
		{"wrong keys", "POST", "/v2/droplets", "", inArray("ssh_keys", "[]"), c.Token},
		{"null keys", "POST", "/v2/droplets", "", inArray("ssh_keys", "null"), c.Token},
		{"volumes of objects", "POST", "/v2/droplets", "", inArray("volumes", `{"id":1}`), c.Token},
		{"an unknown array", "POST", "/v2/droplets", "", inArray("x", `{"a":1}`), c.Token},
		{"an unknown object", "POST", "/v2/droplets", "", `{"x":{` + fill(`"":1,`, most) + `"a":1}}`, c.Token},
		{"deep arrays", "POST", "/v2/droplets", "", `{"x":` + fill("[", most), c.Token},
		{"arrays in arrays", "POST", "/v2/droplets", "", `{"tags":[` + fill("["+strings.Repeat("[", 100)+strings.Repeat("]", 100)+"],", most) + `[]]}`, c.Token},
		{"wrong records", "PATCH", "/v2/domains/example.com/records", "", inArray("create", `{"type":1}`), c.Token},
		{"a thousand wrong records", "PATCH", "/v2/domains/example.com/records", "", `{"create":[` + strings.Repeat(`{"type":1,"name":2,"data":3,"priority":"x","port":"x","ttl":"x","weight":"x","flags":"x","tag":4},`, 999) + `{}]}`, c.Token},
		{"records as text", "PATCH", "/v2/domains/example.com/records", urlencoded, "create=[" + fill(`{"a":1},`, most) + "{}]", c.Token},
		{"records in pairs", "PATCH", "/v2/domains/example.com/records", urlencoded, fill(`create[]={"x":[`+fill(`{},`, 2000)+"{}]}&", most), c.Token},
		{"a list with commas", "POST", "/v2/droplets", urlencoded, "ssh_keys=" + fill("1,", most), c.Token},
		{"a list of commas", "POST", "/v2/droplets", urlencoded, "tags=" + fill(",", most), c.Token},
		{"many pairs", "POST", "/v2/droplets", urlencoded, fill("a&", most), c.Token},
		{"many pairs of nobody", "POST", "/v2/droplets", urlencoded, fill("a&", most), ""},
		{"many tokens of nobody", "POST", "/v2/droplets", urlencoded, fill("access_token&", most), ""},
		{"brackets", "POST", "/v2/droplets", urlencoded, "tags" + fill("[]", most) + "=1", c.Token},
		{"brackets without an end", "POST", "/v2/droplets", urlencoded, "tags" + fill("][", most) + "]=1", c.Token},
		{"no UTF-8", "POST", "/v2/droplets", urlencoded, fill("\xff", most) + "=1", c.Token},
		{"parts", "POST", "/v2/droplets", "multipart/form-data; boundary=" + form.Boundary(), parts.String(), c.Token},
		{"empty parts", "POST", "/v2/droplets", "multipart/form-data; boundary=x", fill("--x\r\n\r\n\r\n", most) + "--x--", c.Token},
		{"headers of a part", "POST", "/v2/droplets", "multipart/form-data; boundary=x", "--x\r\n" + fill("a:\r\n", most) + "\r\n\r\n--x--", c.Token},
		{"a zone file", "PATCH", "/v2/domains/example.com", "", `{"zone_file":"` + fill(`a A 192.0.2.1\n`, most) + `"}`, c.Token},
		{"a zone file of wrong lines", "PATCH", "/v2/domains/example.com", "", `{"zone_file":"` + fill(`x\n`, most) + `"}`, c.Token},
		{"a long name", "POST", "/v2/droplets", "", `{"image":"micro","name":"` + fill("a", most) + `"}`, c.Token},
		{"a long name of escapes", "POST", "/v2/droplets", "", `{"image":"micro","name":"` + fill(`\u0001`, most) + `"}`, c.Token},
		{"a query of pairs", "GET", "/v2/droplets?" + fill("a&", 60000), "", "", c.Token},
		{"a query of pairs of nobody", "GET", "/v2/droplets?" + fill("a&", 60000), "", "", ""},
		{"a long filter", "GET", "/v2/droplets?name=" + fill("a", 60000), "", "", c.Token},
		{"a long identity", "GET", "/v2/images/" + fill("a", 60000), "", "", c.Token},
		{"slashes", "GET", fill("/", 60000), "", "", c.Token},
	} {
		took, a := c.allocated(func() *http.Request {
			r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
			if test.body != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			if test.token != "" {
				r.Header.Set("Authorization", "Bearer "+test.token)
			}
			return r
		})
		size := len(test.body) + len(test.path)
		if took > costliest*uint64(size) {
			t.Errorf("%s: %d bytes took %d, which is %d times that: %d %.200s", test.name, size, took, took/uint64(size), a.Code, a.Body)
		}
		if a.Code == http.StatusOK != (test.name == "a long filter") || a.Code >= 500 {
			t.Errorf("%s: %d %.200s", test.name, a.Code, a.Body)
		}
	}
}
