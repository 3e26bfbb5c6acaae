package contract

import (
	"net/http"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
)

// later sends a request in the background. The channel gets the response.
func (c *client) later(method, path, body string, headers ...string) <-chan answer {
	done := make(chan answer, 1)
	go func() { done <- c.Do(method, path, body, headers...) }()
	return done
}

func TestPreferWait(t *testing.T) {
	c := newClient(t)
	applied := func(what string, a answer, status int, wait string) {
		t.Helper()
		if a.StatusCode != status || a.Header.Get("Preference-Applied") != wait {
			t.Errorf("%s: %d, Preference-Applied %q, want %q: %s", what, a.StatusCode, a.Header.Get("Preference-Applied"), wait, a.Text)
		}
	}

	g := c.hold(t, "simulated.start")
	creating := c.later("POST", "/v2/droplets", goodDroplet, "Prefer", "wait=3600", "Idempotency-Key", "k")
	await.Receive(t, g.arrived, "the droplet to start")
	// A request without a wait is answered while the action is blocked.
	for _, header := range [][2]string{{"Prefer", "wait=0"}, {"Prefer", "wait=soon"}, {"Prefer", "wait"}, {"Prefer", "respond-async"}, {"Pragma", "no-cache"}} {
		a := c.Do("GET", "/v2/actions/1", "", header[0], header[1])
		applied(header[1], a, http.StatusOK, "")
		if a.At("action", "status") != "in-progress" {
			t.Errorf("%v: %s", header, a.Text)
		}
	}
	var polls []<-chan answer
	for _, path := range []string{"/v2/actions/1", "/v2/droplets/1/actions/1", "/v2/droplet/1/actions/1"} {
		polls = append(polls, c.later("GET", path, "", "Prefer", "respond-async, wait=30"), c.later("GET", path, "", "Pragma", "event-wait"))
	}
	g.open()
	created := await.Receive(t, creating, "the answer of the create")
	applied("POST droplet", created, http.StatusAccepted, "wait=60")
	if created.At("droplet", "status") != "active" || created.At("droplet", "networks", "v4", 0, "ip_address") == nil {
		t.Errorf("it did not wait: %s", created.Text)
	}
	for i, poll := range polls {
		a := await.Receive(t, poll, "the answer of a poll")
		applied("GET action", a, http.StatusOK, []string{"wait=30", "wait=60"}[i%2])
		if a.At("action", "status") != "completed" {
			t.Errorf("it did not wait: %s", a.Text)
		}
	}
	// The stored response is the one from the creation of the droplet.
	again := c.Do("POST", "/v2/droplets", goodDroplet, "Idempotency-Key", "k")
	if again.At("droplet", "id") != created.At("droplet", "id") || again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Preference-Applied") != "" {
		t.Errorf("again: %v %s", again.Header, again.Text)
	}

	a := c.Do("POST", "/v2/droplets/1/actions", `{"type":"power_off"}`, "Prefer", `wait="10"`)
	applied("POST action", a, http.StatusCreated, "wait=10")
	if a.At("action", "status") != "completed" || a.Header.Get("Location") == "" {
		t.Errorf("it did not wait: %s", a.Text)
	}
	draft := c.draft("POST", "/v2/droplets/1/actions", `{"boot":null}`, "Pragma", "Event-Wait")
	applied("POST action in the draft's form", draft, http.StatusCreated, "wait=60")
	if draft.At("status") != "finished" {
		t.Errorf("it did not wait: %s", draft.Text)
	}
	applied("DELETE droplet", c.Do("DELETE", "/v2/droplets/1", "", "Prefer", "wait=20"), http.StatusNoContent, "wait=20")
	if list := c.Do("GET", "/v2/actions?page=1", ""); list.At("actions", 0, "type") != "destroy" || list.At("actions", 0, "status") != "completed" {
		t.Errorf("it did not wait: %s", list.Text)
	}
	applied("where there is nothing to wait for", c.Do("GET", "/v2/account", "", "Prefer", "wait=20"), http.StatusOK, "")
}

// If the create fails, the droplet no longer exists at the end of the wait.
// The client gets the response from the creation, and the action has the
// error.
func TestPreferWaitWhenTheCreateFails(t *testing.T) {
	c := newClient(t)
	c.failing(t, "simulated.create")
	a := c.Do("POST", "/v2/droplets", goodDroplet, "Prefer", "wait=60")
	if a.StatusCode != http.StatusAccepted || a.At("droplet", "status") != "new" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	if ended := c.Do("GET", "/v2/actions/1", "", "Prefer", "wait=60"); ended.At("action", "status") != "errored" {
		t.Errorf("%s", ended.Text)
	}
}
