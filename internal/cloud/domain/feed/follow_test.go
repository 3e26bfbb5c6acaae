package feed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// When a write returns, its change is served, also if there are concurrent writes.
func TestReadYourWrites(t *testing.T) {
	w := domaintest.New(t)
	names := []string{"a.example", "b.example", "c.example"}
	for _, name := range names {
		w.Create(name)
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 15 {
				name := names[(worker+i)%len(names)]
				host := fmt.Sprintf("h%d-%d", worker, i)
				text := fmt.Sprintf(`{"type":"A","name":%q,"data":"1.2.3.%d","ttl":60}`, host, i)
				if _, err := w.TryAdd(name, domaintest.Params(t, text)); err != nil {
					t.Error(err)
				}
				if line := fmt.Sprintf("%s.%s. 60 IN A 1.2.3.%d", host, name, i); !slices.Contains(w.Server.Lines(name), line) {
					t.Errorf("%s is written but not served", line)
				}
			}
		})
	}
	wg.Wait()
	for _, name := range names {
		w.Expect(name, w.Full(name)...)
	}
	for _, line := range w.Server.Calls() {
		if strings.HasPrefix(line, "put") && strings.Count(strings.Join(w.Server.Calls(), " "), line) > 1 {
			t.Errorf("%s several times: changes were not in order", line)
		}
	}
}

// If the name server rejects a zone, it serves the version before, and the domain shows
// the rejected zone and the reason until the name server accepts it.
func TestARejectedZone(t *testing.T) {
	w := domaintest.New(t)
	w.Create("example.com")
	good := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"good","data":"1.2.3.4"}`))
	served := w.Server.Lines("example.com")
	w.Server.Reject(func(string) error { return errors.New("I don't like it") })
	bad := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"bad","data":"1.2.3.5"}`))
	check := func(what string) {
		t.Helper()
		d := w.Find("example.com")
		if d.BadZoneError != "I don't like it" || d.BadZoneFile != w.File("example.com") {
			t.Errorf("%s: error %q, file:\n%s", what, d.BadZoneError, d.BadZoneFile)
		}
		if diff := cmp.Diff(served, w.Server.Lines("example.com")); diff != "" {
			t.Errorf("%s: served (-want +got):\n%s", what, diff)
		}
	}
	check("refused")
	if _, err := w.TryUpdate("example.com", good.ID, domaintest.Params(t, `{"ttl":60}`)); err != nil {
		t.Fatal(err)
	}
	check("refused again")
	if err := w.Feed.Start(t.Context()); err != nil { // as a gap in the log would have it
		t.Fatal(err)
	}
	check("read anew")
	w.Server.Reject(func(string) error { return nil })
	if _, err := w.TryDelete("example.com", bad.ID); err != nil {
		t.Fatal(err)
	}
	if d := w.Find("example.com"); d.BadZoneError != "" || d.BadZoneFile != "" {
		t.Errorf("mended: error %q, file %q", d.BadZoneError, d.BadZoneFile)
	}
	w.Expect("example.com", w.Full("example.com")...)
}

// Storing that a zone is rejected is itself a write, among concurrent ones.
func TestConcurrentWritesOfARejectedZone(t *testing.T) {
	w := domaintest.New(t)
	w.Create("example.com")
	w.Server.Reject(func(string) error { return errors.New("no") })
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 5 {
				text := fmt.Sprintf(`{"type":"A","name":"h%d-%d","data":"1.2.3.4"}`, worker, i)
				if _, err := w.TryAdd("example.com", domaintest.Params(t, text)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if d := w.Find("example.com"); d.BadZoneError != "no" || d.BadZoneFile != w.File("example.com") {
		t.Errorf("error %q, file:\n%s", d.BadZoneError, d.BadZoneFile)
	}
}

func TestARejectedZoneIsTriedAgainAtTheNextStart(t *testing.T) {
	path := storetest.Source(t)
	w := domaintest.Open(t, path)
	w.AddAccounts()
	w.Server.Reject(func(string) error { return errors.New("no") })
	w.Create("example.com")
	if w.Find("example.com").BadZoneError != "no" {
		t.Fatal("not refused")
	}
	again := domaintest.Open(t, path)
	if d := again.Find("example.com"); d.BadZoneError != "" {
		t.Errorf("error %q", d.BadZoneError)
	}
	again.Expect("example.com", again.Full("example.com")...)
}

// If the name server rejects a change, it gets the whole domain.
func TestARejectedChange(t *testing.T) {
	w := domaintest.New(t)
	w.Create("example.com")
	w.Server.LoseZones()
	w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"a","data":"1.2.3.4"}`))
	w.Expect("example.com", w.Full("example.com")...)
}

func TestDomainsAreServedFromTheStart(t *testing.T) {
	path := storetest.Source(t)
	w := domaintest.Open(t, path)
	w.AddAccounts()
	for i := range 20 {
		name := fmt.Sprintf("d%d.example", i)
		w.Create(name)
		w.Add(name, domaintest.Params(t, `{"type":"A","name":"a","data":"1.2.3.4"}`))
	}
	w.Remove("d7.example")
	again := domaintest.Open(t, path)
	for i := range 20 {
		if name := fmt.Sprintf("d%d.example", i); i != 7 {
			again.Expect(name, again.Full(name)...)
		}
	}
	if len(again.Server.Lines("d7.example")) > 0 {
		t.Error("a removed domain is served")
	}
}

// What one node writes, another node on the same database serves within a second.
func TestNodesFollowEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := storetest.Source(t)
		one := domaintest.Open(t, path)
		one.AddAccounts()
		one.Create("early.example")
		two := domaintest.Open(t, path)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go two.Feed.Follow(ctx)
		one.Create("example.com")
		r := one.Add("example.com", domaintest.Params(t, `{"type":"TXT","name":"a","data":"say \"ü\" \\ ;"}`))
		one.Add("early.example", domaintest.Params(t, `{"type":"CAA","name":"@","data":";","flags":0,"tag":"issue"}`))
		settle := func(what string) {
			t.Helper()
			time.Sleep(time.Second) // of the bubble's clock
			synctest.Wait()
			for _, name := range []string{"example.com", "early.example"} {
				if diff := cmp.Diff(one.Server.Lines(name), two.Server.Lines(name)); diff != "" || one.Server.Serial(name) != two.Server.Serial(name) {
					t.Errorf("%s: %s with serials %d and %d (-one +two):\n%s", what, name, one.Server.Serial(name), two.Server.Serial(name), diff)
				}
			}
		}
		settle("created")
		if told := strings.Join(two.Server.Calls(), " "); strings.Count(told, " example.com.") != 1 {
			t.Errorf("the whole domain had the record already, but there was more: %s", told)
		}
		if _, err := one.TryUpdate("example.com", r.ID, domaintest.Params(t, `{"ttl":77}`)); err != nil {
			t.Fatal(err)
		}
		two.Add("example.com", domaintest.Params(t, `{"type":"A","name":"two","data":"1.2.3.4"}`))
		if err := one.Feed.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		settle("changed by both")
		one.Remove("example.com")
		settle("removed")
		one.Create("example.com")
		one.Remove("early.example")
		settle("made anew")
		if puts := strings.Count(strings.Join(two.Server.Calls(), " "), "put early.example."); puts != 1 {
			t.Errorf("a change was not followed as one: %v", two.Server.Calls())
		}
	})
}

// A node whose entries have been pruned loads all domains, whether the log has newer
// entries or not.
func TestANodeWhoseEntriesArePruned(t *testing.T) {
	for name, late := range map[string]bool{"nothing newer": false, "something newer": true} {
		t.Run(name, func(t *testing.T) {
			path := storetest.Source(t)
			one := domaintest.Open(t, path)
			one.AddAccounts()
			one.Create("gone.example")
			one.Create("example.com")
			two := domaintest.Open(t, path)
			one.Remove("gone.example")
			one.Add("example.com", domaintest.Params(t, `{"type":"A","name":"a","data":"1.2.3.4"}`))
			one.Clock.Advance(2 * time.Hour)
			if err := one.Feed.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
			if late {
				one.Add("example.com", domaintest.Params(t, `{"type":"A","name":"late","data":"1.2.3.4"}`))
			}
			if err := two.Feed.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			two.Expect("example.com", two.Full("example.com")...)
			if len(two.Server.Lines("gone.example")) > 0 {
				t.Error("a removed domain is still served")
			}
		})
	}
}

// Prune does not write if there are no old entries: on a full disk each write would take
// some of the reserve.
func TestPruneOfNothingWritesNothing(t *testing.T) {
	w := domaintest.New(t)
	w.Create("example.com")
	for _, test := range []struct {
		later   time.Duration
		commits uint64
	}{{0, 0}, {2 * time.Hour, 1}, {0, 0}} {
		w.Clock.Advance(test.later)
		before := w.DB.Commits()
		if err := w.Feed.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.DB.Commits() - before; n != test.commits {
			t.Errorf("%v later it took %d commits, want %d", test.later, n, test.commits)
		}
	}
}

// After any operations of two nodes in any order, both serve what the database has.
func TestNodesAgree(t *testing.T) {
	path := storetest.Source(t)
	nodes := []*domaintest.World{domaintest.Open(t, path), domaintest.Open(t, path)}
	nodes[0].AddAccounts()
	names := []string{"a.example", "b.example"}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			w := nodes[rapid.IntRange(0, 1).Draw(rt, "node")]
			name := rapid.SampledFrom(names).Draw(rt, "name")
			d, err := zonedb.Find(t.Context(), w.DB, domaintest.Mine, name)
			switch step := rapid.IntRange(0, 5).Draw(rt, "step"); {
			case err != nil:
				w.Create(name)
			case step == 0:
				w.Remove(name)
			case step == 1:
				if err := w.Feed.CatchUp(t.Context()); err != nil {
					rt.Fatal(err)
				}
			case step == 2:
				if records := w.Records(name); len(records) > 4 {
					w.TryDelete(name, records[4].ID)
				}
			default:
				w.TryAdd(name, domaintest.Params(t, fmt.Sprintf(`{"type":"A","name":"h%d","data":"1.2.3.%d","ttl":%d}`, step%2, d.Serial%250, 30+d.Serial%7)))
			}
		}
		for _, w := range nodes {
			if err := w.Feed.CatchUp(t.Context()); err != nil {
				rt.Fatal(err)
			}
			for _, name := range names {
				want := []string{}
				if _, err := zonedb.Find(t.Context(), w.DB, domaintest.Mine, name); err == nil {
					want = w.Full(name)
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, append([]string{}, w.Server.Lines(name)...)); diff != "" {
					rt.Fatalf("%s (-want +got):\n%s", name, diff)
				}
			}
		}
	})
}

// After the database has been restored, a running node serves the restored domains.
func TestARestoredDatabase(t *testing.T) {
	w := domaintest.New(t)
	ctx := t.Context()
	w.Create("early.example")
	late := w.Create("late.example")
	w.Write(func(tx *store.Tx) error {
		for _, statement := range []string{
			`DELETE FROM domain_changes WHERE name = 'late.example'`,
			`DELETE FROM domain_records WHERE domain_id = ` + strconv.FormatInt(late.ID, 10),
			`DELETE FROM domains WHERE name = 'late.example'`,
			`UPDATE domain_sequence SET seq = seq - 1`,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err := w.Feed.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if got := w.Server.Lines("late.example"); len(got) > 0 {
		t.Errorf("still served: %v", got)
	}
	w.Expect("early.example", w.Full("early.example")...)
}
