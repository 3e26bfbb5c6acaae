package storetest

import (
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// Own is a PostgreSQL of one test's own, which it may kill.
type Own struct {
	server server
	url    string
}

// StartOwn starts a PostgreSQL with an empty database, or skips the test. It
// ends with the test.
func StartOwn(t testing.TB) *Own {
	t.Helper()
	if programs() == "" {
		needs.Skip(t, "PostgreSQL: apt-get install postgresql")
	}
	o := &Own{}
	t.Cleanup(func() {
		if err := o.server.stop(); err != nil {
			t.Error(err)
		}
	})
	var err error
	if o.url, err = o.server.of(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return o
}

// URL of the database, as store.Open takes it.
func (o *Own) URL() string { return o.url }

// Kill ends PostgreSQL as a crash does, and returns when all its processes have
// ended.
func (o *Own) Kill() error {
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	err := o.server.process.Process.Kill()
	_ = o.server.process.Wait() // for its children as well, which write to the same pipe
	return err
}

// Restart starts PostgreSQL after a Kill, and returns when it answers.
func (o *Own) Restart() error {
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	if err := o.server.launch(); err != nil {
		return err
	}
	return o.server.ready()
}
