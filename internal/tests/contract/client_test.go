// Package contract tests the API over HTTP, against a whole cloud of simulated
// machines.
package contract

import (
	"log/slog"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/server"
	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

// client calls the API of a cloud. Other test files add methods.
type client struct{ servertest.Client }

type answer = servertest.Answer

// newClient starts a cloud with the default configuration, after the changes.
func newClient(t testing.TB, change ...func(*server.Config)) *client {
	t.Helper()
	config := servertest.Config(t)
	for _, f := range change {
		f(&config)
	}
	return &client{*servertest.Start(t, config)}
}

// newLoggedClient starts a cloud that writes to the log.
func newLoggedClient(t testing.TB, log *slog.Logger) *client {
	t.Helper()
	return newClient(t, func(c *server.Config) { c.Log = log })
}

const (
	someKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here"
	otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBoT0lDt0uNyWFB5zZDCEUTfCe3BsuRFkyBNyQ1rZgKb"
)
