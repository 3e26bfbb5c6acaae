package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// openStill opens a database with a stopped clock, so that the time that
// writes take does not decide how many share a commit.
func openStill(t *testing.T) *store.DB {
	return open(t, storetest.Source(t), store.WithClock(func() time.Time { return time.Unix(1, 0) }))
}

// together begins the writes while another write has the turn, so that they
// share its commit. That write returns when all of them wait.
func together(db *store.DB, writes ...func()) { togetherAfter(db, nil, writes...) }

// togetherAfter is together with a first write that returns that error.
func togetherAfter(db *store.DB, first error, writes ...func()) {
	var wg sync.WaitGroup
	begun, goOn := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		_ = db.Write(context.Background(), func(*store.Tx) error {
			close(begun)
			<-goOn
			return first
		})
	})
	<-begun
	for i, write := range writes {
		wg.Go(write)
		for db.Waiting() <= i {
			runtime.Gosched()
		}
	}
	close(goOn)
	wg.Wait()
}

// add writes an account.
func add(db *store.DB, uuid string, more ...func(tx *store.Tx) error) error {
	return db.Write(context.Background(), func(tx *store.Tx) error {
		if err := addRow(tx, uuid); err != nil {
			return err
		}
		for _, do := range more {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func addRow(tx *store.Tx, uuid string) error {
	_, err := tx.Exec(context.Background(), `INSERT INTO accounts (uuid, email, name, status, created_at) VALUES ($1, '', '', '', 0)`, uuid)
	return err
}

// uuids returns the UUIDs of all accounts that readers see.
func uuids(t tester, db *store.DB) []string {
	t.Helper()
	rows, err := db.Query(context.Background(), `SELECT uuid FROM accounts ORDER BY uuid`)
	all, err := store.Collect(rows, err, func(row store.Scanner) (s string, err error) { err = row.Scan(&s); return s, err })
	if err != nil {
		t.Fatalf("read the accounts: %v", err)
	}
	return all
}

func assertUUIDs(t tester, db *store.DB, want ...string) {
	t.Helper()
	if got := uuids(t, db); !slices.Equal(got, want) {
		t.Errorf("the accounts are %q, want %q", got, want)
	}
}

func TestWaitingWritesShareACommit(t *testing.T) {
	db := openStill(t)
	before := db.Commits()
	var mu sync.Mutex
	var order, hooks []string
	returned := 0
	write := func(uuid string) func() {
		return func() {
			err := add(db, uuid, func(tx *store.Tx) error {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, uuid)
				assertUUIDs(t, db)
				if returned > 0 {
					t.Error("a write has returned before the commit")
				}
				tx.OnCommit(func() {
					mu.Lock()
					defer mu.Unlock()
					hooks = append(hooks, uuid)
					assertUUIDs(t, db, "a", "b", "c")
				})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			returned++
		}
	}
	together(db, write("a"), write("b"), write("c"))
	if n := db.Commits() - before; n != 1 {
		t.Errorf("%d commits", n)
	}
	if !slices.Equal(hooks, order) {
		t.Errorf("written in the order %q, the hooks ran in the order %q", order, hooks)
	}
}

var errRefused = errors.New("refused")

// ends are the ways in which a write can end, and what its caller gets.
var ends = map[string]func(tx *store.Tx) error{
	"commits": func(*store.Tx) error { return nil },
	"refuses": func(*store.Tx) error { return errRefused },
	"panics":  func(*store.Tx) error { panic("in the middle") },
	"exits":   func(*store.Tx) error { runtime.Goexit(); return nil },
	"clashes": func(tx *store.Tx) error { return addRow(tx, "there already") },
}

// A failed write does not affect the other writes of its group, in whichever
// place it is.
func TestFailedWriteDoesNotFailItsGroup(t *testing.T) {
	db := openStill(t)
	if err := add(db, "there already"); err != nil {
		t.Fatal(err)
	}
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		want := uuids(t, db)
		var writes []func()
		hooks := make([]bool, 8)
		drawn := rapid.SliceOfN(rapid.SampledFrom([]string{"commits", "refuses", "panics", "exits", "clashes"}), 1, len(hooks)).Draw(t, "ends")
		for i, how := range drawn {
			uuid := fmt.Sprintf("%d.%d", round, i)
			if how == "commits" {
				want = append(want, uuid)
			}
			writes = append(writes, func() {
				saw := "exits"
				defer func() {
					if recover() != nil {
						saw = "panics"
					}
					if saw != how {
						t.Errorf("a write that %s was seen as one that %s", how, saw)
					}
				}()
				err := add(db, uuid, func(tx *store.Tx) error {
					tx.OnCommit(func() { hooks[i] = true })
					return ends[how](tx)
				})
				switch {
				case err == nil:
					saw = "commits"
				case errors.Is(err, errRefused):
					saw = "refuses"
				case store.IsUnique(err):
					saw = "clashes"
				default:
					saw = err.Error()
				}
			})
		}
		togetherAfter(db, rapid.SampledFrom([]error{nil, errRefused}).Draw(t, "first"), writes...)
		slices.Sort(want)
		assertUUIDs(t, db, want...)
		for i, how := range drawn {
			if hooks[i] != (how == "commits") {
				t.Errorf("write %d, which %s: its hook ran: %v", i, how, hooks[i])
			}
		}
	})
}

func TestWaitingWriteIsCommittedAfterItsContextEnds(t *testing.T) {
	db := openStill(t)
	ctx, cancel := context.WithCancel(t.Context())
	together(db,
		func() {
			if err := db.Write(ctx, func(tx *store.Tx) error { return addRow(tx, "a") }); err != nil {
				t.Error(err)
			}
		},
		func() {
			cancel()
			if err := add(db, "b"); err != nil {
				t.Error(err)
			}
		})
	assertUUIDs(t, db, "a", "b")
}

// An early write is committed before all later writes have run.
func TestGroupIsCommittedAfterItsTimeLimit(t *testing.T) {
	now := time.Unix(1, 0)
	db := open(t, storetest.Source(t), store.WithClock(func() time.Time { return now }))
	before := db.Commits()
	var writes []func()
	for i := range 4 {
		writes = append(writes, func() {
			err := add(db, fmt.Sprint(i), func(*store.Tx) error {
				now = now.Add(store.OpenLimit/2 + 1) // only who has the turn asks for the time
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	together(db, writes...)
	assertUUIDs(t, db, "0", "1", "2", "3")
	if n := db.Commits() - before; n != 2 {
		t.Errorf("%d commits, want one for every two", n)
	}
}
