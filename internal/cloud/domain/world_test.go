package domain_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// world is a service over a database of its own, with two accounts.
type world struct {
	*domain.Service
	t      testing.TB
	clock  *clock
	server *server
}

// clock is a time that stands still until it is told otherwise.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

const (
	mine  = 1 // accounts
	other = 2
)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := openWorld(t, storetest.Source(t))
	w.addAccounts()
	return w
}

func (w *world) addAccounts() {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		for _, uuid := range []string{"a", "b"} {
			if _, err := tx.Insert(context.Background(), `INSERT INTO accounts (uuid, email, name, status, created_at)
				VALUES ($1, '', '', '', 0) RETURNING id`, uuid); err != nil {
				return err
			}
		}
		return nil
	})
}

// openWorld is one more node on a database.
func openWorld(t testing.TB, path string) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Unix(1_700_000_000, 0)}, server: newServer()}
	db, err := store.Open(context.Background(), path, store.WithClock(w.clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.Service = &domain.Service{DB: db, Log: slog.New(slog.DiscardHandler), Nameservers: domain.Nameservers("cloud.test", 3),
		Feed: &feed.Feed{DB: db, Log: slog.New(slog.DiscardHandler), Publisher: w.server}}
	if err := w.Feed.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) write(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.DB.Write(context.Background(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// try runs fn in a transaction and returns what it makes, or the error.
func try[T any](w *world, fn func(ctx context.Context, tx *store.Tx) (T, error)) (made T, err error) {
	ctx := context.Background()
	err = w.DB.Write(ctx, func(tx *store.Tx) (err error) {
		made, err = fn(ctx, tx)
		return err
	})
	return made, err
}

func (w *world) tryCreate(accountID int64, c domain.Create) (zonedb.Domain, error) {
	return try(w, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) { return w.Create(ctx, tx, accountID, c) })
}

func (w *world) create(name string) zonedb.Domain {
	w.t.Helper()
	d, err := w.tryCreate(mine, domain.Create{Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) tryAdd(name string, p record.Params) (record.Record, error) {
	return try(w, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.CreateRecord(ctx, tx, mine, name, p)
	})
}

func (w *world) add(name string, p record.Params) record.Record {
	w.t.Helper()
	r, err := w.tryAdd(name, p)
	if err != nil {
		w.t.Fatalf("%+v: %v", p, err)
	}
	return r
}

func (w *world) tryUpdate(name string, id int64, p record.Params) (record.Record, error) {
	return try(w, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.UpdateRecord(ctx, tx, mine, name, id, p)
	})
}

func (w *world) tryDelete(name string, id int64) (record.Record, error) {
	return try(w, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.DeleteRecord(ctx, tx, mine, name, id)
	})
}

func (w *world) tryBatch(name string, b domain.Batch) (domain.BatchResult, error) {
	return try(w, func(ctx context.Context, tx *store.Tx) (domain.BatchResult, error) {
		return w.Apply(ctx, tx, mine, name, b)
	})
}

func (w *world) remove(name string) {
	w.t.Helper()
	w.removeBy(mine, name)
}

func (w *world) removeBy(account int64, name string) {
	w.t.Helper()
	_, err := try(w, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) {
		return w.Delete(ctx, tx, account, name)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) find(name string) zonedb.Domain {
	w.t.Helper()
	d, err := zonedb.Find(context.Background(), w.DB, mine, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) records(name string) []record.Record {
	w.t.Helper()
	records, err := zonedb.Records(context.Background(), w.DB, w.find(name).ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return records
}

// expect fails unless the name server has exactly those records of a domain
// beside its SOA record, and that with the serial of the domain.
func (w *world) expect(name string, lines ...string) {
	w.t.Helper()
	slices.Sort(lines)
	if diff := cmp.Diff(lines, w.server.serves(name)); diff != "" {
		w.t.Errorf("%s as it is served (-want +got):\n%s", name, diff)
	}
	if got, want := w.server.serial(name), w.find(name).Serial; got != want {
		w.t.Errorf("%s is served with the serial %d, want %d", name, got, want)
	}
}

// file is the domain's zone file as it is now.
func (w *world) file(name string) string {
	w.t.Helper()
	text, err := domain.Export(context.Background(), w.DB, w.find(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// server is a name server of little effort: it has zones as sets of lines, and
// refuses changes that don't fit, as the real one does.
type server struct {
	mu      sync.Mutex
	zones   map[string]map[string]bool
	signers map[string]zone.Signer
	refuses func(origin string) error
	log     []string // of what it was told
	catalog []string // its versions: serials and zones
}

func newServer() *server {
	return &server{zones: map[string]map[string]bool{}, signers: map[string]zone.Signer{}, refuses: func(string) error { return nil }}
}

func (s *server) Put(z zone.Zone) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, "put "+z.Origin)
	if err := s.refuses(z.Origin); err != nil {
		return err
	}
	if len(z.Records) == 0 || z.Records[0].Header().Rrtype != dns.TypeSOA {
		return errors.New("the SOA record is not the first")
	}
	lines := map[string]bool{}
	for _, rr := range z.Records {
		lines[rr.String()] = true
	}
	s.zones[z.Origin], s.signers[z.Origin] = lines, z.Signer
	return nil
}

func (s *server) Apply(c zone.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, "apply "+c.Origin)
	lines := s.zones[c.Origin]
	if err := s.refuses(c.Origin); err != nil || lines == nil {
		return errors.Join(err, errors.New("refused"))
	}
	for _, rr := range c.Removed {
		if !lines[rr.String()] {
			return errors.New("not there: " + rr.String())
		}
		delete(lines, rr.String())
	}
	for _, rr := range c.Added {
		if lines[rr.String()] {
			return errors.New("there already: " + rr.String())
		}
		lines[rr.String()] = true
	}
	return nil
}

func (s *server) Remove(origin string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, "remove "+origin)
	_, ok := s.zones[origin]
	delete(s.zones, origin)
	return ok
}

func (s *server) Catalog(serial uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalog = append(s.catalog, fmt.Sprint(serial, slices.Sorted(maps.Keys(s.zones))))
	return nil
}

// serves is a zone as the server has it: sorted lines without the SOA record.
func (s *server) serves(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for line := range s.zones[name+"."] {
		if !strings.Contains(line, "\tSOA\t") {
			all = append(all, strings.Join(strings.Fields(line), " "))
		}
	}
	slices.Sort(all)
	return all
}

// serial of a zone as the server has it, 0 without the zone.
func (s *server) serial(name string) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range s.zones[name+"."] {
		if rr, err := dns.NewRR(line); err == nil && rr.Header().Rrtype == dns.TypeSOA {
			return rr.(*dns.SOA).Serial
		}
	}
	return 0
}

// params reads parameters as a request's body has them.
func params(t testing.TB, text string) (p record.Params) {
	t.Helper()
	unmarshal(t, text, &p)
	return p
}

// message is the sentence that a client gets, and the first field.
func message(err error) string {
	var e *apierr.Error
	if !errors.As(err, &e) {
		return "not the client's error: " + errString(err)
	}
	if len(e.Fields) == 0 {
		return "not about a field: " + e.Message
	}
	return e.Fields[0].Field + ": " + e.Message
}

func errString(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

// addr is an IPv6 address in its one right spelling.
func addr(text string) string {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.String()
	}
	return text
}
