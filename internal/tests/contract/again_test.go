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

// through returns the client of another door to the same cloud, whose requests
// pass their points by inject.
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

// gate stops whoever comes to its point until it is opened.
type gate struct {
	point   string
	arrived chan struct{} // one for each who came
	opened  chan struct{}
	open    func()
}

func newGate(t *testing.T, point string) *gate {
	opened := make(chan struct{})
	g := &gate{point: point, arrived: make(chan struct{}, 100), opened: opened, open: sync.OnceFunc(func() { close(opened) })}
	t.Cleanup(g.open) // before the cloud is closed, which waits for those who are held
	return g
}

func (g *gate) at(point string) error {
	if point == g.point {
		g.arrived <- struct{}{}
		<-g.opened
	}
	return nil
}

// hold lets the cloud's actions come no further than a point of the engine.
func (c *client) hold(t *testing.T, point string) *gate {
	t.Helper()
	g := newGate(t, point)
	c.Server.Actions.Close()
	if err := c.Server.Actions.Start(fault.With(context.Background(), g.at)); err != nil {
		t.Fatal(err)
	}
	return g
}

// droplets is how many droplets there are.
func (c *client) droplets() float64 {
	c.T.Helper()
	return c.Do("GET", "/v2/droplets", "").At("meta", "total").(float64)
}

// torn sends a POST of JSON and breaks the connection before it is answered. It
// returns while the handler is held at the gate, and the server knows that the
// client has gone; finished is closed when the handler has returned.
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

// tear is torn, and waits until the handler has returned.
func (c *client) tear(t *testing.T, path, body string) {
	t.Helper()
	g := newGate(t, "api.answer")
	finished := c.torn(t, g, path, body)
	g.open()
	<-finished
}

// form is the body of a form with those names and values, in turn.
func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// failing has the cloud's actions fail at a point of the engine.
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
