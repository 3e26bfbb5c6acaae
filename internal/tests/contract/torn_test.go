package contract

import (
	"bufio"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// replays fails the test unless the answer is the stored response about the
// first droplet, which no client received before.
func replays(t *testing.T, a answer) {
	t.Helper()
	if a.StatusCode != http.StatusAccepted || a.At("droplet", "id") != 1.0 || a.Header.Get("Idempotency-Replayed") != "true" ||
		a.Header.Get("Location") == "" {
		t.Errorf("not the first answer: %d %s", a.StatusCode, a.Text)
	}
}

func TestRetryAfterALostAnswerGetsThatAnswer(t *testing.T) {
	c := newClient(t)
	c.tear(t, "/v2/droplets", goodDroplet)
	if a := c.Do("POST", "/v2/droplets", with(`"name":"web-2"`)); a.Header.Get("Idempotency-Replayed") != "" || c.droplets() != 2 {
		t.Errorf("another POST: %d %s", a.StatusCode, a.Text)
	}
	replays(t, c.Do("POST", "/v2/droplets", goodDroplet))
	if n := c.droplets(); n != 2 {
		t.Errorf("%v droplets", n)
	}
	// The client has received the response now, so the next request creates another droplet.
	if a := c.Do("POST", "/v2/droplets", goodDroplet); a.Header.Get("Idempotency-Replayed") != "" || c.droplets() != 3 {
		t.Errorf("a third time: %d, %v droplets", a.StatusCode, c.droplets())
	}
}

func TestRetryWaitsForTheUnfinishedRequest(t *testing.T) {
	c := newClient(t)
	g := newGate(t, "api.answer")
	finished := c.torn(t, g, "/v2/droplets", goodDroplet)
	again := make(chan answer, 1)
	go func() { again <- c.Do("POST", "/v2/droplets", goodDroplet) }()
	g.open()
	<-finished
	replays(t, <-again)
	if n := c.droplets(); n != 1 {
		t.Errorf("%v droplets", n)
	}
}

// watched starts an HTTP server that reports when the handler of each request
// begins, and when it has returned.
func (c *client) watched(t *testing.T, inject fault.Injector) (door *client, began, ended <-chan struct{}) {
	in, out := make(chan struct{}, 10), make(chan struct{}, 10)
	door = c.door(t, inject, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in <- struct{}{}
		c.Server.Handler.ServeHTTP(w, r)
		out <- struct{}{}
	}))
	return door, in, out
}

// breaks are ways to disconnect without reading the response.
var breaks = map[string]func(duplex){
	"the client closes": func(conn duplex) { conn.Close() },
	"the client resets": func(conn duplex) { underneath(conn).SetLinger(0); underneath(conn).Close() },
	"its process ends":  func(conn duplex) { underneath(conn).Close() }, // without an end of the TLS session
}

// awaitGone returns when the kernel has reported the disconnect to the
// connection of the server. On a busy machine, another connection may be
// faster.
func awaitGone(t *testing.T, conn duplex) {
	t.Helper()
	client := netip.MustParseAddrPort(underneath(conn).LocalAddr().String())
	const established = "01" // of proc_pid_net_tcp(5)
	open := func() bool {
		table, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(table)) {
			fields := strings.Fields(line)
			if len(fields) > 3 && strings.HasSuffix(fields[2], fmt.Sprintf(":%04X", client.Port())) && fields[3] == established {
				return true
			}
		}
		return false
	}
	// The kernel may leave out a line of the table while others come and go, so
	// one reading without it proves nothing.
	const readings = 3
	closed := 0
	for end := time.Now().Add(time.Minute); closed < readings; {
		if time.Now().After(end) {
			t.Fatalf("the server's end of the connection from %v is open after a minute", client)
		}
		if closed++; open() {
			closed = 0
		}
		runtime.Gosched()
	}
}

// A client that disconnects at any moment before it has read the response,
// and repeats the request at once, creates one droplet.
func TestRetryAfterABrokenConnectionMakesNoSecondDroplet(t *testing.T) {
	bothWays(t, func(c *client, t *testing.T) {
		pair, droplets := 0, 0.0
		once := func(what string, end func(body string)) {
			t.Helper()
			pair++
			body := with(fmt.Sprintf(`"name":"web-%d"`, pair))
			end(body)
			a := c.Do("POST", "/v2/droplets", body)
			if droplets++; a.StatusCode != http.StatusAccepted || c.droplets() != droplets {
				t.Fatalf("%s: %d %s, %v droplets for %v requests", what, a.StatusCode, a.Text, c.droplets(), droplets)
			}
		}
		door, began, ended := c.watched(t, func(string) error { return nil })
		for name, leave := range breaks {
			for range 8 {
				once(name+" when the handler has begun", func(body string) {
					conn := door.dial(t)
					write(t, conn, c.wire(send("POST", "/v2/droplets", asJSON, body)))
					<-began
					leave(conn)
					awaitGone(t, conn)
				})
				<-ended
				once(name+" when the answer is sent", func(body string) {
					conn := door.dial(t)
					write(t, conn, c.wire(send("POST", "/v2/droplets", asJSON, body)))
					<-began
					<-ended
					leave(conn)
					awaitGone(t, conn)
				})
			}
			g := newGate(t, "api.answer")
			held, _, done := c.watched(t, g.at)
			once(name+" when all is done but the answer", func(body string) {
				conn := held.dial(t)
				write(t, conn, c.wire(send("POST", "/v2/droplets", asJSON, body)))
				<-g.arrived
				leave(conn)
				g.open()
			})
			<-done
		}
	}, manyDroplets)
}

// A client that has read the response and repeats the request creates another
// droplet, whatever happens to the connection.
func TestRepeatAfterAReceivedAnswerMakesAnotherDroplet(t *testing.T) {
	bothWays(t, func(c *client, t *testing.T) {
		droplets := 0.0
		post := func(conn duplex, r *bufio.Reader) {
			t.Helper()
			write(t, conn, c.wire(send("POST", "/v2/droplets", asJSON, goodDroplet)))
			a := readAnswer(t, r, "POST")
			if droplets++; a.StatusCode != http.StatusAccepted || a.Header.Get("Idempotency-Replayed") != "" || c.droplets() != droplets {
				t.Errorf("%d %v, %v droplets for %v requests", a.StatusCode, a.Header, c.droplets(), droplets)
			}
		}
		for range 10 {
			conn := c.dial(t)
			r := bufio.NewReader(conn)
			post(conn, r)
			post(conn, r) // on the same connection
			other := c.dial(t)
			post(other, bufio.NewReader(other)) // while the first connection is open
			other.Close()
			conn.Close()
		}
	}, manyDroplets)
}

func TestSameRequestOfTwoClientsMakesTwoDroplets(t *testing.T) {
	c := newClient(t)
	first := c.Do("POST", "/v2/droplets", goodDroplet)
	second := c.Do("POST", "/v2/droplets", goodDroplet)
	if first.StatusCode != http.StatusAccepted || second.StatusCode != http.StatusAccepted || c.droplets() != 2 {
		t.Errorf("two living clients: %d, %d, %v droplets", first.StatusCode, second.StatusCode, c.droplets())
	}
}

func TestLostAnswerIsReplayedToItsAccountOnly(t *testing.T) {
	c := newClient(t)
	other := c.stranger(t)
	c.tear(t, "/v2/droplets", goodDroplet)
	if a := other.Do("POST", "/v2/droplets", goodDroplet); a.StatusCode != http.StatusAccepted || a.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("theirs: %d %s", a.StatusCode, a.Text)
	}
	replays(t, c.Do("POST", "/v2/droplets", goodDroplet))
}

// When many clients disconnect during their requests, each of their droplets
// is found by one retry.
func TestManyRetriesEachGetOneDroplet(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.DropletLimit = 100 })
	const many = 12
	g := newGate(t, "api.answer")
	var finished [many]<-chan struct{}
	for i := range many {
		finished[i] = c.torn(t, g, "/v2/droplets", with(fmt.Sprintf(`"name":"web-%d"`, i)))
	}
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			a := c.Do("POST", "/v2/droplets", with(fmt.Sprintf(`"name":"web-%d"`, i)))
			if a.StatusCode != http.StatusAccepted || a.Header.Get("Idempotency-Replayed") != "true" || a.At("droplet", "name") != fmt.Sprintf("web-%d", i) {
				t.Errorf("%d: %d %s", i, a.StatusCode, a.Text)
			}
		})
	}
	g.open()
	all.Wait()
	for _, end := range finished {
		<-end
	}
	if n := c.droplets(); n != many {
		t.Errorf("%v droplets", n)
	}
}

// A client that deletes the droplet of a lost response knows about it. The
// same POST afterwards creates a new droplet.
func TestRetryAfterADeleteMakesANewDroplet(t *testing.T) {
	c := newClient(t)
	c.tear(t, "/v2/droplets", goodDroplet)
	if a := c.Do("DELETE", "/v2/droplets/1", "", "Idempotency-Key", "k"); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.Text)
	}
	a := c.Do("POST", "/v2/droplets", goodDroplet)
	if a.StatusCode != http.StatusAccepted || a.At("droplet", "id") != 2.0 || a.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
}

// Other requests in between do not make a retry create several droplets
// again, whose response has no Location. After one of them was deleted, the
// same request creates new ones.
func TestRetryOfACreateOfSeveralDroplets(t *testing.T) {
	c := newClient(t)
	const several = `{"names":["web-1","web-2"],"size":"s-1vcpu-256mb","image":"micro","region":"nyc3"}`
	c.tear(t, "/v2/droplets", several)
	c.domain("example.com")
	a := c.Do("POST", "/v2/droplets", several)
	if a.StatusCode != http.StatusAccepted || a.Header.Get("Idempotency-Replayed") != "true" || c.droplets() != 2 {
		t.Fatalf("%d %s, %v droplets", a.StatusCode, a.Text, c.droplets())
	}
	c.tear(t, "/v2/droplets", several)
	if a := c.Do("DELETE", "/v2/droplets/4", ""); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.Text)
	}
	a = c.Do("POST", "/v2/droplets", several)
	if a.StatusCode != http.StatusAccepted || a.Header.Get("Idempotency-Replayed") != "" || c.droplets() != 5 {
		t.Errorf("after a delete: %d %s, %v droplets", a.StatusCode, a.Text, c.droplets())
	}
}

func TestRetryOfAnActionAfterALostAnswer(t *testing.T) {
	c := newClient(t)
	c.Create(goodDroplet)
	const path = "/v2/droplets/1/actions"
	off, on := `{"type":"power_off"}`, `{"type":"power_on"}`
	c.tear(t, path, off)
	first := c.Do("POST", path, off)
	if first.StatusCode != http.StatusCreated || first.Header.Get("Idempotency-Replayed") != "true" {
		t.Fatalf("%d %s", first.StatusCode, first.Text)
	}
	c.Wait(first.At("action", "id"))
	c.Wait(c.Do("POST", path, on).At("action", "id"))
	// The response is lost, and another action reverses the first one: the same request is executed again.
	c.tear(t, path, off)
	list := c.Do("GET", path+"?per_page=1", "")
	c.Wait(list.At("actions", 0, "id"))
	c.Wait(c.Do("POST", path, on).At("action", "id"))
	again := c.Do("POST", path, off)
	if again.StatusCode != http.StatusCreated || again.Header.Get("Idempotency-Replayed") != "" {
		t.Fatalf("%d %s", again.StatusCode, again.Text)
	}
	c.Wait(again.At("action", "id"))
	if a := c.Do("GET", "/v2/droplets/1", ""); a.At("droplet", "status") != "off" {
		t.Errorf("the droplet is %v", a.At("droplet", "status"))
	}
}

func TestOtherAPIVersionsAreNotFound(t *testing.T) {
	c := newClient(t)
	for _, r := range []struct{ method, path, version string }{
		{"GET", "/v3", "v3"}, {"GET", "/v3/", "v3"}, {"GET", "/v3/x", "v3"}, {"POST", "/v3/droplets", "v3"}, {"GET", "/v1/x", "v1"}, {"GET", "/v10/x", "v10"},
	} {
		a := c.Do(r.method, r.path, "")
		if want := fmt.Sprintf("There is no %s of this API; its only version is v2.", r.version); a.StatusCode != http.StatusNotFound ||
			a.At("id") != "not_found" || a.At("message") != want {
			t.Errorf("%s %s: %d %s", r.method, r.path, a.StatusCode, a.Text)
		}
	}
	for _, path := range []string{"/v2/x", "/v3x", "/x"} {
		if a := c.Do("GET", path, ""); a.StatusCode != http.StatusNotFound || a.At("message") == "There is no v3 of this API; its only version is v2." {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.Text)
		}
	}
}
