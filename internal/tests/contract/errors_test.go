package contract

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

const goodDroplet = `{"name":"web-1","size":"s-1vcpu-256mb","image":"micro","region":"nyc3"}`

// with returns goodDroplet with additional members. A later member replaces
// an earlier one of the same name.
func with(members string) string {
	return strings.TrimSuffix(goodDroplet, "}") + "," + members + "}"
}

func TestRejectedRequests(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.Regions = []string{"nyc3", "fra1"} })
	if a := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"a","public_key":%q}`, someKey)); a.StatusCode != http.StatusCreated {
		t.Fatal(a.Text)
	}
	c.Create(goodDroplet)
	const (
		unknownRegion = "You specified an invalid region for Droplet creation."
		unknownSize   = "You specified an invalid size for Droplet creation."
		unknownImage  = "You specified an invalid image for Droplet creation."
		badHostname   = "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"
		badKey        = "Key invalid, key should be of the format `type key [comment]`"
		badKeyType    = "Key invalid type, we support 'ssh-rsa', 'ssh-dss', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', or 'ssh-ed25519'"
		notFound      = "The resource you were accessing could not be found."
		publicImage   = "Request not authorized, provided credentials do not provide access to specified resource: image micro is public, and no account's to change"
	)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		id, message              string
	}{
		{"unknown region", "POST", "/v2/droplets", with(`"region":"mars1"`), 422, "unprocessable_entity", unknownRegion},
		{"region not served", "POST", "/v2/droplets", with(`"region":"ams3"`), 422, "unprocessable_entity", "Region is not available"},
		{"unknown size", "POST", "/v2/droplets", with(`"size":"huge"`), 422, "unprocessable_entity", unknownSize},
		{"no size", "POST", "/v2/droplets", `{"name":"a","image":"micro"}`, 422, "unprocessable_entity", "Size can't be blank"},
		{"unknown image", "POST", "/v2/droplets", with(`"image":"beos"`), 422, "unprocessable_entity", unknownImage + ` There is no image "beos" here.`},
		{"unknown image number", "POST", "/v2/droplets", with(`"image":99999`), 422, "unprocessable_entity", unknownImage + ` There is no image "99999" here.`},
		{"image as an object", "POST", "/v2/droplets", with(`"image":{}`), 422, "unprocessable_entity", "Image must be an integer or string, not an object"},
		{"no image", "POST", "/v2/droplets", `{"name":"a","size":"1gb"}`, 422, "unprocessable_entity", "Image can't be blank"},
		{"disk too small for the image", "POST", "/v2/droplets", with(`"image":"fedora-42-x64"`), 422, "unprocessable_entity", "The image needs a disk of at least 15 GB, size s-1vcpu-256mb has 10 GB"},
		{"unknown keys", "POST", "/v2/droplets", with(`"ssh_keys":[1,77,"aa:bb"]`), 422, "unprocessable_entity", "77, aa:bb are invalid key identifiers for Droplet creation."},
		{"no name", "POST", "/v2/droplets", with(`"name":null`), 422, "unprocessable_entity", "Name can't be blank"},
		{"blank name", "POST", "/v2/droplets", with(`"name":"  "`), 422, "unprocessable_entity", "Name can't be blank"},
		{"name with a space", "POST", "/v2/droplets", with(`"name":"my droplet"`), 422, "unprocessable_entity", badHostname},
		{"name with a newline", "POST", "/v2/droplets", with(`"name":"a\nb"`), 422, "unprocessable_entity", badHostname},
		{"name that ends in a dash", "POST", "/v2/droplets", with(`"name":"a-"`), 422, "unprocessable_entity", badHostname},
		{"long name", "POST", "/v2/droplets", with(`"name":"` + strings.Repeat("a", 256) + `"`), 422, "unprocessable_entity", "Name is too long: 256 characters, the maximum is 255"},
		{"a bad one of several names", "POST", "/v2/droplets", `{"names":["a","b c"],"size":"1gb","image":"micro"}`, 422, "unprocessable_entity", badHostname},
		{"too many names", "POST", "/v2/droplets", `{"names":["a","b","c","d","e","f","g","h","i","j","k"],"size":"1gb","image":"micro"}`, 422, "unprocessable_entity", "Names has 11 entries, the maximum is 10"},
		{"name and names", "POST", "/v2/droplets", with(`"names":["a"]`), 422, "unprocessable_entity", "Name and names exclude each other"},
		{"long user data", "POST", "/v2/droplets", with(`"user_data":"` + strings.Repeat("x", 64<<10+1) + `"`), 422, "unprocessable_entity", "User data is too long: 65537 bytes, the maximum is 65536"},
		{"limit reached", "POST", "/v2/droplets", `{"names":["a","b","c","d","e"],"size":"1gb","image":"micro"}`, 422, "unprocessable_entity", "creating this/these droplet(s) will exceed your droplet limit"},
		{"backup policy without backups", "POST", "/v2/droplets", with(`"backup_policy":{"plan":"daily"}`), 422, "unprocessable_entity", "Backup policy needs backups to be on"},
		{"a number that takes a million digits", "POST", "/v2/droplets", with(`"ssh_keys":[1e999999]`), 422, "unprocessable_entity", "Ssh keys holds a number that is out of all bounds"},
		{"many keys", "POST", "/v2/droplets", with(`"ssh_keys":[1` + strings.Repeat(",1", 200) + `]`), 422, "unprocessable_entity", "Ssh keys has 201 entries, the maximum is 200"},
		{"tag_name with name", "GET", "/v2/droplets?tag_name=a&name=b", "", 422, "unprocessable_entity", "Tag name can't be combined with name or type"},
		{"encoded twice", "GET", "/v2/droplets/%2531", "", 404, "not_found", notFound},
		{"bad tag", "POST", "/v2/droplets", with(`"tags":["a b"]`), 422, "unprocessable_entity", `Tag "a b" is invalid: letters, digits, _, - and : are allowed, up to 255`},
		{"tags of a wrong type", "POST", "/v2/droplets", with(`"tags":4`), 422, "unprocessable_entity", "Tags must be an array, not a number"},
		{"tag of a wrong type", "POST", "/v2/droplets", with(`"tags":["web",{}]`), 422, "unprocessable_entity", "Tags.1 must be a string, not an object"},
		{"switch of a wrong type", "POST", "/v2/droplets", with(`"ipv6":"maybe"`), 422, "unprocessable_entity", "Ipv6 must be a boolean, not a string"},
		{"ipv6 where there is none", "POST", "/v2/droplets", with(`"ipv6":true`), 422, "unprocessable_entity", "Region nyc3 does not support IPv6, which is not there yet"},
		{"backups where there are none", "POST", "/v2/droplets", with(`"backups":true`), 422, "unprocessable_entity", "Region nyc3 does not support backups, which are not there yet"},
		{"volumes where there are none", "POST", "/v2/droplets", with(`"volumes":["x"]`), 422, "unprocessable_entity", "Region nyc3 does not support volumes, which are not there yet"},
		{"another region's VPC", "POST", "/v2/droplets", with(`"vpc_uuid":"x"`), 422, "unprocessable_entity", "VPC x is not in region nyc3"},
		{"broken JSON", "POST", "/v2/droplets", `{"name":`, 400, "bad_request", "error parsing request body: unexpected EOF"},
		{"JSON with more behind it", "POST", "/v2/droplets", `{} {}`, 400, "bad_request", "error parsing request body: there is more after the JSON object"},
		{"a list for a body", "POST", "/v2/droplets", `[1]`, 400, "bad_request", "error parsing request body: a JSON object is expected"},
		{"no body", "POST", "/v2/droplets", "", 422, "unprocessable_entity", "Image can't be blank"},
		{"large body", "POST", "/v2/droplets", `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "payload_too_large", "The body is larger than the limit of 1048576 bytes."},

		{"unknown droplet", "GET", "/v2/droplets/999", "", 404, "not_found", notFound},
		{"droplet by name", "GET", "/v2/droplets/web-1", "", 404, "not_found", notFound},
		{"droplet by a huge number", "GET", "/v2/droplets/99999999999999999999999", "", 404, "not_found", notFound},
		{"delete an unknown droplet", "DELETE", "/v2/droplets/999", "", 404, "not_found", notFound},
		{"act on an unknown droplet", "POST", "/v2/droplets/999/actions", `{"type":"reboot"}`, 404, "not_found", notFound},
		{"another droplet's action", "GET", "/v2/droplets/999/actions/1", "", 404, "not_found", notFound},
		{"unknown action type", "POST", "/v2/droplets/1/actions", `{"type":"explode"}`, 422, "unprocessable_entity", "Type is invalid"},
		{"no action type", "POST", "/v2/droplets/1/actions", `{}`, 422, "unprocessable_entity", "Type is invalid"},
		{"create is no action to ask for", "POST", "/v2/droplets/1/actions", `{"type":"create"}`, 422, "unprocessable_entity", "Type is invalid"},
		{"unknown action", "GET", "/v2/actions/999", "", 404, "not_found", notFound},
		{"unknown image", "GET", "/v2/images/beos", "", 404, "not_found", notFound},
		{"unknown kind of images", "GET", "/v2/images?type=x", "", 422, "unprocessable_entity", "Type must be one of: distribution, application, user"},
		{"rename a public image", "PATCH", "/v2/images/micro", `{"name":"mine"}`, 403, "forbidden", publicImage},
		{"replace a public image", "PUT", "/v2/images/micro", `{"name":"mine"}`, 403, "forbidden", publicImage},
		{"delete a public image", "DELETE", "/v2/images/micro", "", 403, "forbidden", publicImage},
		{"rename an unknown image", "PATCH", "/v2/images/beos", `{"name":"mine"}`, 404, "not_found", notFound},
		{"replace an unknown image", "PUT", "/v2/images/99999999", `{"name":"mine"}`, 404, "not_found", notFound},
		{"delete an unknown image", "DELETE", "/v2/images/99999999", "", 404, "not_found", notFound},
		{"unknown path", "GET", "/v2/nothing", "", 404, "not_found", notFound},
		{"path outside", "GET", "/etc/passwd", "", 404, "not_found", notFound},
		{"wrong method", "PUT", "/v2/droplets", "{}", 405, "method_not_allowed", "PUT is not allowed here; the Allow header lists what is."},

		{"key without a name", "POST", "/v2/account/keys", fmt.Sprintf(`{"public_key":%q}`, otherKey), 422, "unprocessable_entity", "Name can't be blank"},
		{"key with a blank name", "POST", "/v2/account/keys", fmt.Sprintf(`{"name":" ","public_key":%q}`, otherKey), 422, "unprocessable_entity", "Name can't be blank"},
		{"key without a key", "POST", "/v2/account/keys", `{"name":"a"}`, 422, "unprocessable_entity", badKey},
		{"key with a short body", "POST", "/v2/account/keys", `{"name":"a","public_key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAQE="}`, 422, "unprocessable_entity", badKey},
		{"key with a no-break space", "POST", "/v2/account/keys", fmt.Sprintf(`{"name":"a","public_key":%q}`, strings.Replace(otherKey, " ", "\u00a0", 1)), 422, "unprocessable_entity", badKey},
		{"key with a NUL in its comment", "POST", "/v2/account/keys", `{"name":"a","public_key":"` + otherKey + ` \u0000"}`, 422, "unprocessable_entity", "Public key must not hold NUL characters"},
		{"key with a NUL in its name", "POST", "/v2/account/keys", `{"name":"a\u0000","public_key":"` + otherKey + `"}`, 422, "unprocessable_entity", "Name must not hold NUL characters"},
		{"key with a NUL for its identity", "GET", "/v2/account/keys/a%00", "", 404, "not_found", notFound},
		{"region that is none", "GET", "/v2/regions/nowhere", "", 404, "not_found", notFound},
		{"size that is none", "GET", "/v2/sizes/huge", "", 404, "not_found", notFound},
		{"key of no shape", "POST", "/v2/account/keys", `{"name":"a","public_key":"hello"}`, 422, "unprocessable_entity", badKey},
		{"key of bad base64", "POST", "/v2/account/keys", `{"name":"a","public_key":"ssh-ed25519 ????"}`, 422, "unprocessable_entity", badKey},
		{"key whose type is not its blob's", "POST", "/v2/account/keys", fmt.Sprintf(`{"name":"a","public_key":"ssh-rsa %s"}`, strings.Fields(otherKey)[1]), 422, "unprocessable_entity", badKey},
		{"key of an unknown type", "POST", "/v2/account/keys", `{"name":"a","public_key":"ssh-foo AAAA"}`, 422, "unprocessable_entity", badKeyType},
		{"key of PuTTY", "POST", "/v2/account/keys", `{"name":"a","public_key":"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA"}`, 422, "unprocessable_entity", badKeyType},
		{"key that is there, with another comment", "POST", "/v2/account/keys", fmt.Sprintf(`{"name":"b","public_key":"%s else"}`, someKey), 422, "unprocessable_entity", "SSH Key is already in use on your account"},
		{"unknown key", "GET", "/v2/account/keys/999", "", 404, "not_found", notFound},
		{"unknown fingerprint", "DELETE", "/v2/account/keys/aa:bb", "", 404, "not_found", notFound},
		{"key renamed to nothing", "PUT", "/v2/account/keys/1", `{"name":""}`, 422, "unprocessable_entity", "Name can't be blank"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := c.Do(test.method, test.path, test.body)
			if a.StatusCode != test.status || a.JSON["id"] != test.id || a.JSON["message"] != test.message {
				t.Errorf("got %d %s\nwant %d %s: %s", a.StatusCode, a.Text, test.status, test.id, test.message)
			}
			if a.JSON["request_id"] == "" || a.JSON["request_id"] != a.Header.Get("X-Request-Id") {
				t.Errorf("request_id %v is not the header's %q", a.JSON["request_id"], a.Header.Get("X-Request-Id"))
			}
			if got := a.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
	if a := c.Do("GET", "/v2/droplets", ""); a.At("meta", "total") != 1.0 {
		t.Errorf("after all refusals there are %v droplets, want the one made before", a.At("meta", "total"))
	}
	if a := c.Do("POST", "/v2/droplets", "hello", "Content-Type", "text/plain"); a.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a body of plain text: %d %s", a.StatusCode, a.Text)
	}
}

func TestRateLimit(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.RateLimit = 2 })
	for i, want := range []struct{ status, remaining string }{{"200", "1"}, {"404", "0"}, {"429", "0"}} {
		a := c.Do("GET", []string{"/v2/account", "/v2/droplets/9", "/v2/account"}[i], "")
		if fmt.Sprint(a.StatusCode) != want.status || a.Header.Get("RateLimit-Limit") != "2" || a.Header.Get("RateLimit-Remaining") != want.remaining {
			t.Errorf("request %d: %d %v", i, a.StatusCode, a.Header)
		}
		if reset, err := strconv.ParseInt(a.Header.Get("RateLimit-Reset"), 10, 64); err != nil || time.Until(time.Unix(reset, 0)) < 50*time.Minute {
			t.Errorf("request %d: reset %v, %v", i, reset, err)
		}
		if seconds, _ := strconv.Atoi(a.Header.Get("Retry-After")); (seconds > 3000) != (want.status == "429") {
			t.Errorf("request %d: Retry-After %q", i, a.Header.Get("Retry-After"))
		}
	}
}

func TestAuthentication(t *testing.T) {
	c := newClient(t)
	for name, header := range map[string]string{
		"none": "", "another scheme": "Digest x", "an empty token": "Bearer ", "an unknown token": "Bearer dop_v1_00", "no scheme": c.Token,
	} {
		a := c.Do("GET", "/v2/account", "", "Authorization", header)
		if a.StatusCode != 401 || a.JSON["id"] != "unauthorized" || a.JSON["message"] != "Unable to authenticate you." ||
			a.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d %s %v", name, a.StatusCode, a.Text, a.Header)
		}
	}
	if a := c.Do("GET", "/v2/account", "", "Authorization", "bearer  "+c.Token+" "); a.StatusCode != 200 {
		t.Errorf("scheme in lower case and spaces: %d", a.StatusCode)
	}
}
