package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

func TestNameserverRejectsInvalidFlags(t *testing.T) {
	fresh := dataFlag{Data: t.TempDir()}
	if storetest.Postgres() {
		fresh.Database = storetest.Empty(t)
	}
	c := newClient(t)
	for _, test := range []struct {
		name, want string
		c          nameserverCommand
	}{
		{"no cloud yet", "first start the cloud", nameserverCommand{dataFlag: fresh, namesFlags: namesFlags{DNS: "127.0.0.1:0"}}},
		{"no address", "give --dns or --dns-tls", nameserverCommand{dataFlag: c.data}},
		{"TLS without a certificate", "--dns-tls needs a certificate", nameserverCommand{dataFlag: c.data, namesFlags: namesFlags{DNSTLS: "127.0.0.1:0"}}},
		{"figures nowhere", "choose another address by --metrics", nameserverCommand{dataFlag: c.data, namesFlags: namesFlags{DNS: "127.0.0.1:0"}, Metrics: "192.0.2.1:1"}},
	} {
		if _, err := test.c.open(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	for database, ok := range map[string]bool{"": true, "postgres://a@b/c": true, "postgresql:///c": true, "/tmp/x.db": false, "mysql://a": false} {
		if err := (dataFlag{Database: database}).Validate(); (err == nil) != ok {
			t.Errorf("--database %q: %v", database, err)
		}
	}
}
