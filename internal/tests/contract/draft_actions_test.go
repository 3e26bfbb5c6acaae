package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// generated is the body that the draft's generated sample sends.
const generated = `{"reboot":null,"shutdown":null,"boot":null,"resetpassword":null,"resize":null,"snapshot":null,"rebuild":null,"restore":null}`

func TestDraftActions(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	const form = "application/x-www-form-urlencoded"
	ready := func(status string) { // changes the droplet to that status
		t.Helper()
		if c.Do("GET", "/v2/droplets/1", "").At("droplet", "status") != status {
			want := map[string]string{"active": "power_on", "off": "power_off"}[status]
			c.Wait(c.Do("POST", "/v2/droplets/1/actions", fmt.Sprintf(`{"type":%q}`, want)).At("action", "id"))
		}
	}
	for _, test := range []struct {
		from, contentType, body string
		becomes                 string // the action's type; empty for 422
		message                 string
	}{
		{"active", "", `{"reboot":"soft"}`, "reboot", ""},
		{"active", "", `{"reboot":"HARD"}`, "power_cycle", ""},
		{"active", "", `{"reboot":""}`, "reboot", ""},
		{"active", "", `{"reboot":true}`, "reboot", ""},
		{"active", "", `{"reboot":{}}`, "reboot", ""},
		{"active", "", `{"shutdown":"soft"}`, "shutdown", ""},
		{"active", "", `{"shutdown":"hard","boot":null}`, "power_off", ""},
		{"active", form, "shutdown=hard", "power_off", ""},
		{"active", form, "reboot=", "reboot", ""},
		{"active", form, "reboot=hard&shutdown=null&boot=null", "power_cycle", ""},
		{"off", "", `{"boot":null}`, "power_on", ""},
		{"off", "", `{"boot":true}`, "power_on", ""},
		{"off", "", `{"boot":""}`, "power_on", ""},
		{"off", "", `{"boot":{}}`, "power_on", ""},
		{"off", form, "boot=", "power_on", ""},
		{"off", form, "boot=null", "power_on", ""},
		{"off", form, "boot=true", "power_on", ""},
		{"active", "", `{"type":"power_cycle","reboot":"soft"}`, "power_cycle", ""},
		{"active", "", `{"reboot":"soft","shutdown":"soft"}`, "", "reboot and shutdown"},
		{"active", "", `{"reboot":"gently"}`, "", "reboot must be one of: hard, soft"},
		{"active", "", `{"boot":"now"}`, "", "boot takes no value; send null"},
		{"active", "", `{"boot":false}`, "", "boot takes no value; send null"},
		{"active", "", `{"boot":{"a":1}}`, "", ""},
		{"active", "", `{"reboot":null}`, "", "Type is invalid"},
		{"active", form, "reboot=null", "", "Type is invalid"},
		{"active", form, "boot=null&resetpassword=", "", "password_reset is not there yet"},
		{"active", "", `{"boot":"null"}`, "", "boot takes no value; send null"},
		{"active", "", `{"boot":null,"resetpassword":null}`, "", "Type is invalid"},
		{"active", "", generated, "", "Type is invalid"},
		{"active", "", `{}`, "", "Type is invalid"},
		{"active", "", `{"resize":"1gb"}`, "", "Droplet must be powered off to resize"},
		{"active", "", `{"resize":7}`, "", "You specified an invalid size"},
		{"active", form, "resize=1gb", "", "Droplet must be powered off to resize"},
		{"active", "", `{"type":"resize"}`, "", "You specified an invalid size"},
		{"active", "", `{"type":"resize","size":"1gb","disk":"maybe"}`, "", "Disk must be"},
		{"active", "", `{"rebuild":1}`, "", "rebuild is not there yet"},
		{"active", "", `{"resetpassword":null}`, "", "password_reset is not there yet"},
		{"active", "", `{"type":"enable_ipv6"}`, "", "enable_ipv6 is not there yet"},
		{"active", "", `{"type":"change_kernel","kernel":1}`, "", "Kernel is not available for this Droplet"},
		{"active", "", `{"boot":null}`, "power_on", ""},
		{"off", "", `{"reboot":"soft"}`, "", "currently powered off"},
	} {
		for _, path := range []string{"/v2/droplets/1/actions", "/v2/droplet/1/actions"} {
			ready(test.from)
			a := c.Do("POST", path, test.body, "Content-Type", test.contentType)
			if test.becomes == "" {
				if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.Text, test.message) {
					t.Errorf("%s %s: %d %s", path, test.body, a.StatusCode, a.Text)
				}
				continue
			}
			if a.StatusCode != http.StatusCreated || a.At("action", "type") != test.becomes {
				t.Errorf("%s %s: %d %s", path, test.body, a.StatusCode, a.Text)
				continue
			}
			c.Wait(a.At("action", "id"))
		}
	}
}

func TestDraftViewOfActions(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	flat := func(id float64, status string, pairs ...any) any {
		shown := object{"id": id, "status": status}
		for _, key := range []string{"reboot", "shutdown", "boot", "resetpassword", "resize", "snapshot", "rebuild", "restore"} {
			shown[key] = nil
		}
		for i := 0; i < len(pairs); i += 2 {
			shown[pairs[i].(string)] = pairs[i+1]
		}
		return shown
	}
	id := 1.0
	for _, test := range []struct {
		body       string
		key, value any
	}{
		{`{"reboot":"soft"}`, "reboot", "soft"}, {`{"type":"power_cycle"}`, "reboot", "hard"}, {`{"shutdown":"hard"}`, "shutdown", "hard"},
		{`{"boot":null}`, "boot", nil}, {`{"type":"shutdown"}`, "shutdown", "soft"}, {`{"type":"rename","name":"b"}`, "reboot", nil},
	} {
		id++
		a := c.draft("POST", "/v2/droplet/1/actions", test.body)
		if diff := cmp.Diff(flat(id, "in-progress", test.key, test.value), decoded(t, a)); a.StatusCode != http.StatusCreated || diff != "" {
			t.Errorf("%s: %d %s", test.body, a.StatusCode, diff)
		}
		c.Wait(id)
		for _, path := range []string{"/v2/actions/%v", "/v2/droplets/1/actions/%v", "/v2/droplet/1/actions/%v"} {
			path = fmt.Sprintf(path, id)
			if diff := cmp.Diff(flat(id, "finished", test.key, test.value), decoded(t, c.draft("GET", path, ""))); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
		}
	}
	for _, path := range []string{"/v2/droplet/1/actions", "/v2/droplets/1/actions", "/v2/actions"} {
		if list, _ := decoded(t, c.draft("GET", path, "")).([]any); len(list) != 7 {
			t.Errorf("%s: %d actions", path, len(list))
		}
	}
}

func TestRename(t *testing.T) {
	c := newClient(t)
	g := c.hold(t, "simulated.start")
	made := c.Do("POST", "/v2/droplets", goodDroplet)
	<-g.arrived
	for i, method := range []string{"PUT", "PATCH"} {
		name := fmt.Sprintf("web-%d", i+2)
		a := c.Do(method, "/v2/droplets/1", fmt.Sprintf(`{"name":%q}`, name))
		if a.StatusCode != http.StatusOK || a.At("droplet", "name") != name || a.At("droplet", "locked") != true {
			t.Errorf("%s while it is locked: %d %s", method, a.StatusCode, a.Text)
		}
		for _, bad := range []string{`{}`, `{"name":""}`, `{"name":"a b"}`, `{"name":null}`} {
			if a := c.Do(method, "/v2/droplets/1", bad); a.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%s %s: %d %s", method, bad, a.StatusCode, a.Text)
			}
		}
		if a := c.Do(method, "/v2/droplets/9", `{"name":"a"}`); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s of nothing: %d", method, a.StatusCode)
		}
	}
	rename := `{"type":"rename","name":"web-9"}`
	if a := c.Do("POST", "/v2/droplets/1/actions", rename); a.StatusCode != http.StatusUnprocessableEntity || a.At("message") != "Droplet already has a pending event." {
		t.Errorf("by action while it is locked: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("GET", "/v2/droplets/1", ""); a.At("droplet", "name") != "web-3" {
		t.Errorf("its name is %v", a.At("droplet", "name"))
	}
	g.open()
	c.Wait(made.At("links", "actions", 0, "id"))
	if a := c.Do("POST", "/v2/droplets/1/actions", `{"type":"rename"}`); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "Name can't be blank") {
		t.Errorf("without a name: %d %s", a.StatusCode, a.Text)
	}
	a := c.Do("POST", "/v2/droplets/1/actions", rename)
	if a.StatusCode != http.StatusCreated || a.At("action", "type") != "rename" {
		t.Fatalf("by action: %d %s", a.StatusCode, a.Text)
	}
	c.Wait(a.At("action", "id"))
	if a := c.Do("GET", "/v2/droplets/1", ""); a.At("droplet", "name") != "web-9" || a.At("droplet", "locked") != false {
		t.Errorf("then: %s", a.Text)
	}
}
