package server

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/naming/transfer"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func newConfig(t *testing.T) Config {
	t.Helper()
	d := Data{Folder: t.TempDir()}
	if storetest.Postgres() {
		d.Database = storetest.In(t, d.Folder)
	}
	return Config{Data: d, Log: slog.New(slog.DiscardHandler), Forward: []uint16{22}, Addresses: netip.MustParsePrefix("127.18.0.0/16")}
}

// Open reports why it cannot create its folders, for each engine.
func TestOpenSaysWhyItFails(t *testing.T) {
	for compute, folder := range map[string]string{"simulated": "simulated", "qemu": "droplets"} {
		c := newConfig(t)
		c.Compute = compute
		if err := os.WriteFile(filepath.Join(c.Data.Folder, folder), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), c)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), folder) {
			t.Errorf("%s: %v", compute, err)
		}
	}
}

// A stage of a key rollover lasts until every possible name server has the
// keys.
func TestPropagation(t *testing.T) {
	names := func(c transfer.Config) Config { return Config{Names: NamesConfig{Transfer: c}} }
	for name, test := range map[string]struct {
		c    Config
		want time.Duration
	}{
		"alone":                          {Config{}, time.Minute},
		"a secondary that gets NOTIFY":   {names(transfer.Config{Secondaries: make([]transfer.Secondary, 1)}), record.SecondaryLag},
		"a network that may copy zones":  {names(transfer.Config{Allow: make([]netip.Prefix, 1)}), record.SecondaryLag},
		"a key that lets one copy zones": {names(transfer.Config{Keys: make([]transfer.Key, 1)}), record.SecondaryLag},
		"secondaries of other nodes":     {Config{Data: Data{Database: "postgres://a@b/c"}}, record.SecondaryLag},
	} {
		if got := test.c.propagation(); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
