package main

import (
	"log/slog"
	"net/netip"
	"os"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// newData returns a new folder, with a database of its own.
func newData(t testing.TB) dataFlag {
	t.Helper()
	d := servertest.NewData(t)
	return dataFlag{Data: d.Folder, Database: d.Database}
}

// client calls the API of a cloud that was configured by flags.
type client struct {
	servertest.Client
	data dataFlag
}

// newClient starts a cloud of simulated machines, with flags changed.
func newClient(t testing.TB, change ...func(*serveCommand)) *client {
	t.Helper()
	c := &serveCommand{
		dataFlag: newData(t), Compute: "simulated", Network: "user", Forward: []uint16{22},
		Addresses: addressing{netip.MustParsePrefix("127.18.0.0/16")}, DropletLimit: 5, ResumeDroplets: true,
	}
	for _, f := range change {
		f(c)
	}
	config, err := c.config(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &client{*servertest.Start(t, config), c.dataFlag}
}

const goodDroplet = `{"name":"web-1","size":"s-1vcpu-256mb","image":"micro","region":"nyc3"}`
