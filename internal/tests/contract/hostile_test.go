package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// No request is answered 5xx. An error has the form of the API, and a
// rejected request changes nothing.
func TestHostileRequests(t *testing.T) { bothWays(t, (*client).hostileRequests, manyDroplets) }

func (c *client) hostileRequests(t *testing.T) {
	c.Create(goodDroplet)
	const form = "application/x-www-form-urlencoded"
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	type request struct{ method, path, body, contentType string }
	var requests []request
	for _, body := range []string{
		"null", "true", "0", `""`, "[]", "{", "}", "{}{}", `{"a":}`, "\x00", "\xff\xfe", "{\"\xff\":1}", `{"name":"\ud800"}`, deep, `{"x":` + deep + `}`,
		with(`"size":1e999`), with(`"image":1e999`), with(`"image":-0`), with(`"image":1000000000000000000000000000000`), with(`"image":1.5`),
		with(`"image":"` + strings.Repeat("9", 400) + `"`), with(`"image":true`), with(`"image":[]`), with(`"image":null`), with(`"image":"\u0000"`),
		with(`"ssh_keys":[null]`), with(`"ssh_keys":[1e30]`), with(`"ssh_keys":[{}]`), with(`"ssh_keys":{}`), with(`"ssh_keys":"a,,b"`), with(`"ssh_keys":[-1]`),
		with(`"tags":[null]`), with(`"tags":[1]`), with(`"tags":[[]]`), with(`"tags":"\u0000"`), with(`"names":[null]`), with(`"names":[1]`), with(`"names":{}`),
		with(`"volumes":[null]`), with(`"volumes":{}`), with(`"volumes":"x"`), with(`"user_data":1`), with(`"user_data":{}`), with(`"user_data":[]`),
		with(`"name":1`), with(`"name":{}`), with(`"name":["a"]`), with(`"region":1`), with(`"region":[]`), with(`"region":"\u0000"`), with(`"region":""`),
		with(`"size":""`), with(`"size":[]`), with(`"backups":"null"`), with(`"backups":2`), with(`"ipv6":[]`), with(`"vpc_uuid":1`), with(`"vpc_uuid":[]`),
		with(`"public_networking":0`), with(`"image":"%00"`), with(`"image":"' OR 1=1 --"`),
	} {
		requests = append(requests, request{"POST", "/v2/droplets", body, "application/json"})
		requests = append(requests, request{"POST", "/v2/account/keys", strings.ReplaceAll(body, `"image"`, `"public_key"`), ""})
		requests = append(requests, request{"POST", "/v2/droplets/1/actions", strings.ReplaceAll(body, `"image"`, `"type"`), "text/json; charset=x"})
	}
	for _, body := range []string{"a=%", "=", "&&&", "name[=x", "name[]=&name=x&name[0][1]=y", "size[][][]=1", "image[a]=1&image=2", "tags[99999999999]=a", "tags[0]=a&tags[x]=b", "%00=1", "name=%00"} {
		requests = append(requests, request{"POST", "/v2/droplets", body, form}, request{"GET", "/v2/images?" + body, "", ""})
	}
	for _, contentType := range []string{"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x", "text/xml", ";", "application/json; charset=utf-16", "a/b/c"} {
		requests = append(requests, request{"POST", "/v2/droplets", "--x\r\nnonsense", contentType})
	}
	for _, id := range []string{"0", "-1", "+1", "007", "1.0", "1e0", "%00", "%2F", "..", ".", "1%2Factions", "9223372036854775808", "١", "%ff", strings.Repeat("9", 5000)} {
		for _, path := range []string{"/v2/droplets/%s", "/v2/account/keys/%s", "/v2/images/%s", "/v2/actions/%s", "/v2/droplets/%s/actions", "/v2/droplets/1/actions/%s", "/v2/%s"} {
			for _, method := range []string{"GET", "DELETE", "PUT", "POST", "HEAD", "OPTIONS"} {
				if method == "DELETE" && id == "007" { // 007 is the valid id 7
					continue
				}
				requests = append(requests, request{method, fmt.Sprintf(path, id), "{}", ""})
			}
		}
	}
	for _, query := range []string{"page=-1", "page=99999999999999999999999", "per_page=1e9", "page=1&page=2", "page[]=1", "type=", "private=maybe", "private=", "type[]=user", "access_token=x"} {
		for _, path := range []string{"droplets", "images", "sizes", "actions", "account/keys"} {
			requests = append(requests, request{"GET", "/v2/" + path + "?" + query, "", ""})
		}
	}
	for _, r := range requests {
		a := c.Do(r.method, r.path, r.body, "Content-Type", r.contentType)
		shown := fmt.Sprintf("%s %.80s %.120q (%s): %d %.200s", r.method, r.path, r.body, r.contentType, a.StatusCode, a.Text)
		if a.StatusCode >= 500 {
			t.Error(shown)
		}
		if a.StatusCode >= 400 && r.method != http.MethodHead && (a.At("id") == nil || a.At("message") == "" || a.At("request_id") == nil) {
			t.Errorf("not the API's form: %s", shown)
		}
	}
	if a := c.Do("GET", "/v2/droplets/1", ""); a.At("droplet", "status") != "active" {
		t.Errorf("the droplet that was there is: %s", a.Text)
	}
}
