// Package servertest runs whole clouds of simulated machines for tests, and
// calls their API.
//
//	c := servertest.Start(t, servertest.Config(t))
//	c.Create(`{"name":"web-1","size":"1gb","image":"micro"}`)
//	answer := c.Do("GET", "/v2/droplets/1", "")
package servertest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
	"github.com/rockpool-cloud/rockpool/internal/panel"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// NewData is a new folder, and a database of its own.
func NewData(t testing.TB) server.Data {
	t.Helper()
	d := server.Data{Folder: t.TempDir()}
	if storetest.Postgres() {
		d.Database = storetest.In(t, d.Folder)
	}
	return d
}

// Config is a cloud of simulated machines with data of its own, as the command
// line would configure it.
func Config(t testing.TB) server.Config {
	t.Helper()
	return server.Config{
		Version: "dev", Data: NewData(t), Log: slog.New(slog.DiscardHandler), Compute: simulated.Traits.Name,
		Addresses: netip.MustParsePrefix("127.18.0.0/16"), Forward: []uint16{22}, DropletLimit: 5, ResumeDroplets: true,
		Nameservers: domain.Nameservers("rockpool.internal", 3), SSH: func() panel.SSH { return panel.SSH{} },
	}
}

// Start starts a cloud and returns a client with its first token. Every answer
// is checked against the schema. The cloud ends with the test.
func Start(t testing.TB, config server.Config) *Client {
	t.Helper()
	if !storetest.Postgres() {
		storetest.In(t, config.Data.Folder) // with all tables: to migrate takes longer than most tests
	}
	s, err := server.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := config.Data.MakeFirstToken(t.Context(), s.DB); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(config.Data.Token())
	if err != nil {
		t.Fatal(err)
	}
	at := Listen(s, Checked(t, s.Schema, s.Handler))
	at.Start()
	t.Cleanup(at.Close)
	scheme := "http"
	if config.Certificate != nil {
		scheme = "https"
	}
	return &Client{T: t, Server: s, Data: config.Data, URL: scheme + "://" + at.Listener.Addr().String(), Token: strings.TrimSpace(string(token)), HTTP: http.DefaultTransport}
}

// Listen returns one more HTTP server of the cloud, not started, that is
// configured as the cloud configures its own.
func Listen(s *server.Server, handler http.Handler) *httptest.Server {
	at := httptest.NewUnstartedServer(nil)
	at.Listener = s.Listener(at.Listener)
	at.Config = s.HTTPServer(handler)
	return at
}
