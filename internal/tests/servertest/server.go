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

// NewData returns a new folder, with a database of its own.
func NewData(t testing.TB) server.Data {
	t.Helper()
	d := server.Data{Folder: t.TempDir()}
	if storetest.Postgres() {
		d.Database = storetest.In(t, d.Folder)
	}
	return d
}

// Config returns the configuration of a cloud of simulated machines with its
// own data, as the command line would make it.
func Config(t testing.TB) server.Config {
	t.Helper()
	return server.Config{
		Version: "dev", Data: NewData(t), Log: slog.New(slog.DiscardHandler), Compute: simulated.Traits.Name,
		Addresses: netip.MustParsePrefix("127.18.0.0/16"), Forward: []uint16{22}, DropletLimit: 5, ResumeDroplets: true,
		Nameservers: domain.Nameservers("rockpool.internal", 3), SSH: func() panel.SSH { return panel.SSH{} },
	}
}

// Start starts a cloud and returns a client with its first token. It checks
// every response against the schema. The cloud is closed at the end of the
// test.
func Start(t testing.TB, config server.Config) *Client {
	t.Helper()
	if !storetest.Postgres() {
		storetest.In(t, config.Data.Folder) // a copy of a migrated database: the migration takes longer than most tests
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

// Listen returns an additional HTTP server of the cloud, with the
// configuration of the cloud. The caller starts it.
func Listen(s *server.Server, handler http.Handler) *httptest.Server {
	at := httptest.NewUnstartedServer(nil)
	at.Listener = s.Listener(at.Listener)
	at.Config = s.HTTPServer(handler)
	return at
}
