package contract

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
	"github.com/rockpool-cloud/rockpool/internal/server"
	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

// keyed creates a droplet with that idempotency key.
func (c *client) keyed(key, body string) answer {
	c.T.Helper()
	return c.Do("POST", "/v2/droplets", body, "Idempotency-Key", key)
}

// same fails the test unless again is a replay of the first response.
func same(t *testing.T, first, again answer) {
	t.Helper()
	if again.StatusCode != first.StatusCode || again.Text != first.Text ||
		again.Header.Get("Location") != first.Header.Get("Location") || again.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		t.Errorf("the first answer was %d %q %s\nthen came %d %q %s", first.StatusCode, first.Header.Get("Location"), first.Text,
			again.StatusCode, again.Header.Get("Location"), again.Text)
	}
	if got := again.Header.Get("Idempotency-Replayed"); got != "true" || first.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("Idempotency-Replayed: first %q, then %q", first.Header.Get("Idempotency-Replayed"), got)
	}
}

func TestIdempotencyKeyReplaysTheAnswer(t *testing.T) {
	c := newClient(t)
	first := c.keyed("k", goodDroplet)
	if first.StatusCode != http.StatusAccepted || first.Header.Get("Location") == "" {
		t.Fatalf("%d %s", first.StatusCode, first.Text)
	}
	same(t, first, c.keyed("k", goodDroplet))
	for name, body := range map[string]string{
		"another order":      `{"region":"nyc3","image":"micro","size":"s-1vcpu-256mb","name":"web-1","unknown":1}`,
		"a null":             with(`"tags":null`),
		"the draft's names":  `{"name":"web-1","size_id":"s-1vcpu-256mb","image_id":"micro","region_id":"nyc3"}`,
		"spaces around them": " " + goodDroplet + "\n",
	} {
		t.Run(name, func(t *testing.T) { same(t, first, c.keyed("k", body)) })
	}
	asForm := form("name", "web-1", "size", "s-1vcpu-256mb", "image", "micro", "region", "nyc3")
	same(t, first, c.Do("POST", "/v2/droplets", asForm, "Idempotency-Key", "k", "Content-Type", "application/x-www-form-urlencoded"))
	same(t, first, c.Do("POST", "/v2/droplets?"+asForm, "", "Idempotency-Key", "k"))
	if n := c.droplets(); n != 1 {
		t.Errorf("%v droplets", n)
	}
	for name, a := range map[string]answer{
		"other parameters": c.keyed("k", with(`"name":"web-2"`)),
		"another path":     c.Do("POST", "/v2/account/keys", `{"name":"a","public_key":"`+someKey+`"}`, "Idempotency-Key", "k"),
		"another method":   c.Do("DELETE", "/v2/droplets/1", "", "Idempotency-Key", "k"),
	} {
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "another request") {
			t.Errorf("%s with the key: %d %s", name, a.StatusCode, a.Text)
		}
	}
	if a := c.keyed("l", goodDroplet); a.StatusCode != http.StatusAccepted || a.Text == first.Text || c.droplets() != 2 {
		t.Errorf("another key: %d %s, %v droplets", a.StatusCode, a.Text, c.droplets())
	}
}

func TestFormNumbersMatchJSONNumbers(t *testing.T) {
	c := newClient(t)
	key := c.Do("POST", "/v2/account/keys", `{"name":"a","public_key":"`+someKey+`"}`)
	if key.At("ssh_key", "id") != 1.0 {
		t.Fatal(key.Text)
	}
	first := c.keyed("k", with(`"ssh_keys":[1],"ipv6":false,"tags":["a","b"]`))
	if first.StatusCode != http.StatusAccepted {
		t.Fatal(first.Text)
	}
	same(t, first, c.Do("POST", "/v2/droplets", form("name", "web-1", "size", "s-1vcpu-256mb", "image", "micro", "region", "nyc3",
		"ssh_keys[]", "1", "ipv6", "off", "tags", "a,b"), "Idempotency-Key", "k", "Content-Type", "application/x-www-form-urlencoded"))
}

func TestInvalidIdempotencyKeysAreRejected(t *testing.T) {
	c := newClient(t)
	for name, headers := range map[string]string{
		"an empty one": "Idempotency-Key:\r\n", "two": "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
		"a long one": "Idempotency-Key: " + strings.Repeat("a", 256) + "\r\n", "no ASCII": "Idempotency-Key: \xc3\xa4\r\n",
		"a tab": "Idempotency-Key: a\tb\r\n",
	} {
		if a := c.raw(t, send("POST", "/v2/droplets", asJSON+headers, goodDroplet)); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.Text, "Idempotency-Key") {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	if a := c.keyed(strings.Repeat("a", 255), goodDroplet); a.StatusCode != http.StatusAccepted || c.droplets() != 1 {
		t.Errorf("255 bytes: %d %s, %v droplets", a.StatusCode, a.Text, c.droplets())
	}
}

func TestRejectedRequestDoesNotUseUpItsKey(t *testing.T) {
	c := newClient(t)
	for _, body := range []string{with(`"name":""`), with(`"size":"none"`), `{`} {
		if a := c.keyed("k", body); a.StatusCode < 400 || a.StatusCode >= 500 {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.Text)
		}
	}
	if a := c.keyed("k", goodDroplet); a.StatusCode != http.StatusAccepted {
		t.Errorf("after refusals: %d %s", a.StatusCode, a.Text)
	}
}

func TestIdempotencyKeysOfOtherMethods(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	for _, r := range []struct{ method, body string }{
		{"PUT", `{"name":"web-2"}`}, {"PATCH", `{"name":"web-3"}`}, {"DELETE", ""},
	} {
		first := c.Do(r.method, "/v2/droplets/1", r.body, "Idempotency-Key", r.method)
		if first.StatusCode >= 300 {
			t.Fatalf("%s: %d %s", r.method, first.StatusCode, first.Text)
		}
		same(t, first, c.Do(r.method, "/v2/droplets/1", r.body, "Idempotency-Key", r.method))
	}
	if a := c.Do("PATCH", "/v2/droplets/1", `{"name":"web-2"}`, "Idempotency-Key", "PUT"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("PATCH with the key of the same PUT: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("DELETE", "/v2/droplets/1", ""); a.StatusCode != http.StatusNotFound {
		t.Errorf("without the key: %d", a.StatusCode)
	}
}

// stranger returns a client of another account.
func (c *client) stranger(t *testing.T) *client {
	t.Helper()
	other := *c
	err := c.Server.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		id, err := tx.Insert(t.Context(), `INSERT INTO accounts (uuid, email, name, status, created_at)
			VALUES ('u2', 'other@localhost', 'other', 'active', 1) RETURNING id`)
		if err != nil {
			return err
		}
		other.Token, err = oauth.CreatePersonal(t.Context(), tx, id, "t", oauth.Full)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &other
}

func TestIdempotencyKeysBelongToOneAccount(t *testing.T) {
	c := newClient(t)
	other := c.stranger(t)
	mine, theirs := c.keyed("k", goodDroplet), other.keyed("k", goodDroplet)
	if theirs.StatusCode != http.StatusAccepted || theirs.At("droplet", "id") == mine.At("droplet", "id") {
		t.Errorf("mine %s, theirs %d %s", mine.Text, theirs.StatusCode, theirs.Text)
	}
	same(t, theirs, other.keyed("k", goodDroplet))
}

func TestIdempotencyKeyOfAnUnfinishedRequest(t *testing.T) {
	c := newClient(t)
	g := newGate(t, "api.answer")
	slow := c.through(t, g.at)
	first := make(chan answer, 1)
	go func() { first <- slow.keyed("k", goodDroplet) }()
	await.Receive(t, g.arrived, "the first request to arrive")
	for _, body := range []string{goodDroplet, with(`"name":"web-2"`)} {
		if a := c.keyed("k", body); a.StatusCode != http.StatusConflict || a.At("id") != "conflict" {
			t.Errorf("while it is in flight: %d %s", a.StatusCode, a.Text)
		}
	}
	g.open()
	same(t, <-first, c.keyed("k", goodDroplet))
}

func TestConcurrentCreatesWithOneKeyMakeOneDroplet(t *testing.T) {
	c := newClient(t)
	answers := make([]answer, 24)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = c.keyed("k", goodDroplet) })
	}
	all.Wait()
	made := 0
	for _, a := range answers {
		switch {
		case a.StatusCode == http.StatusAccepted && a.Header.Get("Idempotency-Replayed") == "":
			made++
		case a.StatusCode != http.StatusAccepted && a.StatusCode != http.StatusConflict:
			t.Errorf("%d %s", a.StatusCode, a.Text)
		}
	}
	if n := c.droplets(); made != 1 || n != 1 {
		t.Errorf("%d were made, there are %v", made, n)
	}
}

// restart closes the cloud and opens a new one on the same data.
func (c *client) restart(t *testing.T, data server.Data) *client {
	t.Helper()
	if err := c.Server.Close(); err != nil {
		t.Fatal(err)
	}
	return newClient(t, func(s *server.Config) { s.Data = data })
}

func TestIdempotencyKeySurvivesARestart(t *testing.T) {
	data := servertest.NewData(t)
	c := newClient(t, func(s *server.Config) { s.Data = data })
	first := c.keyed("k", goodDroplet)
	c = c.restart(t, data)
	again := c.keyed("k", goodDroplet)
	same(t, first, again)
	if n := c.droplets(); n != 1 {
		t.Errorf("%v droplets", n)
	}
	// Make the key older than a day.
	err := c.Server.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE idempotency_keys SET created_at = created_at - $1`, idempotency.Kept.Microseconds())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := c.keyed("k", with(`"name":"web-2"`)); a.StatusCode != http.StatusAccepted || a.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("after a day: %d %s", a.StatusCode, a.Text)
	}
}

// A process that dies between the commit and the response has created the
// droplet. After a restart, the key replays the response.
func TestIdempotencyKeySurvivesACrashBeforeTheAnswer(t *testing.T) {
	data := servertest.NewData(t)
	c := newClient(t, func(s *server.Config) { s.Data = data })
	dying := c.through(t, func(point string) error {
		if point == "api.answer" {
			return fault.ErrCrash
		}
		return nil
	})
	request, err := http.NewRequestWithContext(context.Background(), "POST", dying.URL+"/v2/droplets", strings.NewReader(goodDroplet))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Idempotency-Key", "k")
	if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
		response.Body.Close()
		t.Fatalf("it was answered: %d", response.StatusCode)
	}
	c = c.restart(t, data)
	a := c.keyed("k", goodDroplet)
	if a.StatusCode != http.StatusAccepted || a.Header.Get("Idempotency-Replayed") != "true" || a.At("droplet", "id") != 1.0 ||
		!strings.HasSuffix(a.Header.Get("Location"), "/v2/droplets/1") {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.Text)
	}
	if n := c.droplets(); n != 1 {
		t.Errorf("%v droplets", n)
	}
}
