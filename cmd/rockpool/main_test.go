package main

import (
	"os"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// newData is a new folder, and a database of its own.
func newData(t testing.TB) dataFlag {
	t.Helper()
	d := dataFlag{Data: t.TempDir()}
	if storetest.Postgres() {
		d.Database = storetest.In(t, d.Data)
	}
	return d
}
