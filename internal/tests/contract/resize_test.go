package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A resize with and without the disk, and the droplet afterwards.
func TestResize(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	act := func(body string) answer {
		t.Helper()
		a := c.Do("POST", "/v2/droplets/1/actions", body)
		if a.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %d %s", body, a.StatusCode, a.Text)
		}
		c.Wait(a.At("action", "id"))
		return a
	}
	act(`{"type":"power_off"}`)
	for _, test := range []struct {
		body string
		want string // size, memory, vcpus, disk, size's memory
	}{
		{`{"type":"resize","size":"s-3vcpu-1gb"}`, "s-3vcpu-1gb 1024 3 10 1024"},
		{`{"type":"resize","size":"s-3vcpu-1gb","disk":true}`, "s-3vcpu-1gb 1024 3 60 1024"},
		{`{"resize":"s-2vcpu-2gb"}`, "s-2vcpu-2gb 2048 2 60 2048"},
		{`{"resize":"s-2vcpu-4gb","disk":true}`, "s-2vcpu-4gb 4096 2 80 4096"},
	} {
		if a := act(test.body); a.At("action", "type") != "resize" {
			t.Errorf("%s: %s", test.body, a.Text)
		}
		d := c.Do("GET", "/v2/droplets/1", "")
		got := fmt.Sprint(d.At("droplet", "size_slug"), " ", d.At("droplet", "memory"), " ", d.At("droplet", "vcpus"), " ",
			d.At("droplet", "disk"), " ", d.At("droplet", "size", "memory"))
		if got != test.want || d.At("droplet", "status") != "off" || d.At("droplet", "locked") != false {
			t.Errorf("after %s the droplet is %s, want %s: %s", test.body, got, test.want, d.Text)
		}
	}
	if a := c.Do("POST", "/v2/droplets/1/actions", `{"type":"resize","size":"s-1vcpu-1gb"}`); a.StatusCode != http.StatusUnprocessableEntity ||
		a.At("message") != "Size can not decrease size of Droplet's disk image" {
		t.Errorf("a size with a smaller disk: %d %s", a.StatusCode, a.Text)
	}
}

// The draft view of an action contains the requested size.
func TestDraftViewOfAResize(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	c.Wait(c.Do("POST", "/v2/droplets/1/actions", `{"type":"power_off"}`).At("action", "id"))
	a := c.draft("POST", "/v2/droplet/1/actions", `{"resize":"1gb"}`)
	want := object{"id": 3.0, "status": "in-progress", "reboot": nil, "shutdown": nil, "boot": nil, "resetpassword": nil,
		"resize": "1gb", "snapshot": nil, "rebuild": nil, "restore": nil}
	if diff := cmp.Diff(any(want), decoded(t, a)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.Wait(3.0)
	want["status"] = "finished"
	if diff := cmp.Diff(any(want), decoded(t, c.draft("GET", "/v2/actions/3", ""))); diff != "" {
		t.Errorf("later (-want +got):\n%s", diff)
	}
}

// A resize requires the scope of a create in addition to the scope of its
// link.
func TestResizeRequiresTheCreateScope(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	c.Wait(c.Do("POST", "/v2/droplets/1/actions", `{"type":"power_off"}`).At("action", "id"))
	const resize = `{"type":"resize","size":"s-1vcpu-1gb"}`
	for scopes, want := range map[string]int{"droplet:update": 403, "droplet:create": 403, "read": 403} {
		a := c.scoped(scopes).Do("POST", "/v2/droplets/1/actions", resize)
		if a.StatusCode != want || !strings.Contains(a.Text, "The token needs the scope droplet:") {
			t.Errorf("%s: %d %s", scopes, a.StatusCode, a.Text)
		}
	}
	if a := c.scoped("droplet:update droplet:create").Do("POST", "/v2/droplets/1/actions", resize); a.StatusCode != http.StatusCreated {
		t.Errorf("both: %d %s", a.StatusCode, a.Text)
	}
}
