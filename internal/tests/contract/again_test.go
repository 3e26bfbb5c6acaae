package contract

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

// through returns a client of another HTTP server of the same cloud. inject
// is called at the fault points of its requests.
func (c *client) through(t *testing.T, inject fault.Injector) *client {
	t.Helper()
	return c.door(t, inject, c.Server.Handler)
}

func (c *client) door(t *testing.T, inject fault.Injector, handler http.Handler) *client {
	t.Helper()
	server := servertest.Listen(c.Server, servertest.Checked(t, c.Server.Schema, handler))
	server.Config.BaseContext = func(net.Listener) context.Context { return fault.With(context.Background(), inject) }
	server.Start()
	t.Cleanup(server.Close)
	other := *c
	scheme, _, _ := strings.Cut(c.URL, "://")
	other.T, other.URL = t, scheme+"://"+server.Listener.Addr().String()
	return &other
}

// gate blocks every goroutine that reaches its point until it is opened.
type gate struct {
	point   string
	arrived chan struct{} // one value for each goroutine at the gate
	opened  chan struct{}
	open    func()
}

func newGate(t *testing.T, point string) *gate {
	opened := make(chan struct{})
	g := &gate{point: point, arrived: make(chan struct{}, 100), opened: opened, open: sync.OnceFunc(func() { close(opened) })}
	t.Cleanup(g.open) // before the close of the cloud, which waits for the blocked goroutines
	return g
}

func (g *gate) at(point string) error {
	if point == g.point {
		g.arrived <- struct{}{}
		<-g.opened
	}
	return nil
}

// hold blocks the actions of the cloud at a fault point of the engine.
func (c *client) hold(t *testing.T, point string) *gate {
	t.Helper()
	g := newGate(t, point)
	c.Server.Actions.Close()
	if err := c.Server.Actions.Start(fault.With(context.Background(), g.at)); err != nil {
		t.Fatal(err)
	}
	return g
}

// droplets returns the number of droplets.
func (c *client) droplets() float64 {
	c.T.Helper()
	return c.Do("GET", "/v2/droplets", "").At("meta", "total").(float64)
}

// torn sends a POST of JSON and closes the connection before the response. It
// returns when the handler is blocked at the gate and the server has noticed
// the close. finished is closed when the handler has returned.
func (c *client) torn(t *testing.T, g *gate, path, body string) (finished <-chan struct{}) {
	t.Helper()
	noticed, end := make(chan struct{}), make(chan struct{})
	broken := c.door(t, g.at, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(end)
		context.AfterFunc(r.Context(), func() { close(noticed) })
		c.Server.Handler.ServeHTTP(w, r)
	}))
	conn := broken.dial(t)
	if _, err := io.WriteString(conn, c.wire(send("POST", path, asJSON, body))); err != nil {
		t.Fatal(err)
	}
	<-g.arrived
	conn.Close()
	<-noticed
	return end
}

// tear calls torn, opens the gate, and waits until the handler has returned.
func (c *client) tear(t *testing.T, path, body string) {
	t.Helper()
	g := newGate(t, "api.answer")
	finished := c.torn(t, g, path, body)
	g.open()
	<-finished
}

// form returns a form body of alternating names and values.
func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// failing makes the actions of the cloud fail at a fault point of the engine.
func (c *client) failing(t *testing.T, at string) {
	t.Helper()
	c.Server.Actions.Close()
	ctx := fault.With(context.Background(), func(point string) error {
		if point == at {
			return errors.New("no luck")
		}
		return nil
	})
	if err := c.Server.Actions.Start(ctx); err != nil {
		t.Fatal(err)
	}
}
