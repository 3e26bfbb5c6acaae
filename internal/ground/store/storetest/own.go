package storetest

import "testing"

// Own is a PostgreSQL server of one test, which may kill it.
type Own struct {
	server server
}

// StartOwn starts a PostgreSQL server with an empty database, or skips the
// test. The server ends with the test.
func StartOwn(t testing.TB) *Own {
	t.Helper()
	needPrograms(t)
	o := &Own{}
	t.Cleanup(func() {
		if err := o.server.stop(); err != nil {
			t.Error(err)
		}
	})
	if err := o.server.start(); err != nil {
		t.Fatal(err)
	}
	return o
}

// URL of the database, as store.Open takes it.
func (o *Own) URL() string { return urlOf(o.server.dir, "postgres") }

// Kill ends PostgreSQL as a crash does, and returns when all its processes have
// ended.
func (o *Own) Kill() error { return o.server.kill() }

// Restart starts PostgreSQL after a Kill, and returns when it answers.
func (o *Own) Restart() error { return o.server.launch() }
