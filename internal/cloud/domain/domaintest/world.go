// Package domaintest is the kit for tests of domains, their records and their feed.
package domaintest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// World is a domain service with a feed and a name server on a database.
type World struct {
	*domain.Service
	T      testing.TB
	Clock  *Clock
	Server *Server
}

// Clock is a time that stands still until Advance is called.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// The ids of the accounts.
const (
	Mine  = 1
	Other = 2
)

// New returns a world with a database of its own and two accounts.
func New(t testing.TB) *World {
	t.Helper()
	w := Open(t, storetest.Source(t))
	w.AddAccounts()
	return w
}

// AddAccounts adds the accounts Mine and Other.
func (w *World) AddAccounts() {
	w.T.Helper()
	w.Write(func(tx *store.Tx) error {
		for _, uuid := range []string{"a", "b"} {
			if _, err := tx.Insert(context.Background(), `INSERT INTO accounts (uuid, email, name, status, created_at)
				VALUES ($1, '', '', '', 0) RETURNING id`, uuid); err != nil {
				return err
			}
		}
		return nil
	})
}

// Open returns a node on a database, which may have other nodes.
func Open(t testing.TB, path string) *World {
	t.Helper()
	w := &World{T: t, Clock: &Clock{now: time.Unix(1_700_000_000, 0)}, Server: newServer()}
	db, err := store.Open(context.Background(), path, store.WithClock(w.Clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.Service = &domain.Service{DB: db, Log: slog.New(slog.DiscardHandler), Nameservers: domain.Nameservers("cloud.test", 3),
		Feed: &feed.Feed{DB: db, Log: slog.New(slog.DiscardHandler), Publisher: w.Server}}
	if err := w.Feed.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w
}

// Write runs fn in a transaction.
func (w *World) Write(fn func(tx *store.Tx) error) {
	w.T.Helper()
	if err := w.DB.Write(context.Background(), fn); err != nil {
		w.T.Fatal(err)
	}
}

// Try runs fn in a transaction and returns what it makes, or the error.
func Try[T any](db *store.DB, fn func(ctx context.Context, tx *store.Tx) (T, error)) (made T, err error) {
	ctx := context.Background()
	err = db.Write(ctx, func(tx *store.Tx) (err error) {
		made, err = fn(ctx, tx)
		return err
	})
	return made, err
}

// TryCreate creates a domain.
func (w *World) TryCreate(accountID int64, c domain.Create) (zonedb.Domain, error) {
	return Try(w.DB, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) {
		return w.Service.Create(ctx, tx, accountID, c)
	})
}

// Create creates a domain of Mine.
func (w *World) Create(name string) zonedb.Domain {
	w.T.Helper()
	d, err := w.TryCreate(Mine, domain.Create{Name: name})
	if err != nil {
		w.T.Fatal(err)
	}
	return d
}

// TryAdd adds a record to a domain of Mine.
func (w *World) TryAdd(name string, p record.Params) (record.Record, error) {
	return Try(w.DB, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.Service.CreateRecord(ctx, tx, Mine, name, p)
	})
}

// Add adds a record to a domain of Mine.
func (w *World) Add(name string, p record.Params) record.Record {
	w.T.Helper()
	r, err := w.TryAdd(name, p)
	if err != nil {
		w.T.Fatalf("%+v: %v", p, err)
	}
	return r
}

// TryUpdate changes a record of a domain of Mine.
func (w *World) TryUpdate(name string, id int64, p record.Params) (record.Record, error) {
	return Try(w.DB, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.Service.UpdateRecord(ctx, tx, Mine, name, id, p)
	})
}

// TryDelete deletes a record of a domain of Mine.
func (w *World) TryDelete(name string, id int64) (record.Record, error) {
	return Try(w.DB, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.Service.DeleteRecord(ctx, tx, Mine, name, id)
	})
}

// TryBatch applies a batch to a domain of Mine.
func (w *World) TryBatch(name string, b domain.Batch) (domain.BatchResult, error) {
	return Try(w.DB, func(ctx context.Context, tx *store.Tx) (domain.BatchResult, error) {
		return w.ApplyBatch(ctx, tx, Mine, name, b)
	})
}

// Remove deletes a domain of Mine.
func (w *World) Remove(name string) {
	w.T.Helper()
	w.RemoveBy(Mine, name)
}

// RemoveBy deletes a domain of an account.
func (w *World) RemoveBy(account int64, name string) {
	w.T.Helper()
	_, err := Try(w.DB, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) {
		return w.Service.Delete(ctx, tx, account, name)
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

// Find returns a domain of Mine.
func (w *World) Find(name string) zonedb.Domain {
	w.T.Helper()
	d, err := zonedb.Find(context.Background(), w.DB, Mine, name)
	if err != nil {
		w.T.Fatal(err)
	}
	return d
}

// Records returns the records of a domain of Mine.
func (w *World) Records(name string) []record.Record {
	w.T.Helper()
	records, err := zonedb.Records(context.Background(), w.DB, w.Find(name).ID)
	if err != nil {
		w.T.Fatal(err)
	}
	return records
}

// Expect fails the test unless the name server has exactly these records of a domain
// beside its SOA record, and has the domain's serial.
func (w *World) Expect(name string, lines ...string) {
	w.T.Helper()
	slices.Sort(lines)
	if diff := cmp.Diff(lines, w.Server.Lines(name)); diff != "" {
		w.T.Errorf("%s as it is served (-want +got):\n%s", name, diff)
	}
	if got, want := w.Server.Serial(name), w.Find(name).Serial; got != want {
		w.T.Errorf("%s is served with the serial %d, want %d", name, got, want)
	}
}

// File returns the zone file of a domain of Mine.
func (w *World) File(name string) string {
	w.T.Helper()
	text, err := domain.Export(context.Background(), w.DB, w.Find(name))
	if err != nil {
		w.T.Fatal(err)
	}
	return text
}

// Full returns the A and NS records of a domain as the name server should have them.
func (w *World) Full(name string) []string {
	w.T.Helper()
	all := []string{}
	for _, r := range w.Records(name) {
		if r.Type == "A" {
			all = append(all, fmt.Sprintf("%s.%s. %d IN A %s", r.Name, name, r.TTL, r.Data))
		} else if r.Type == "NS" {
			all = append(all, fmt.Sprintf("%s. %d IN NS %s.", name, r.TTL, r.Data))
		}
	}
	return all
}
