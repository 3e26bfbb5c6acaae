package domain_test

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

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// full is a domain's records as they should be served.
func (w *world) full(name string) []string {
	w.t.Helper()
	all := []string{}
	for _, r := range w.records(name) {
		if r.Type == "A" {
			all = append(all, fmt.Sprintf("%s.%s. %d IN A %s", r.Name, name, r.TTL, r.Data))
		} else if r.Type == "NS" {
			all = append(all, fmt.Sprintf("%s. %d IN NS %s.", name, r.TTL, r.Data))
		}
	}
	return all
}

// When a write has returned, its change is served, however many there are at
// once.
func TestReadYourWrites(t *testing.T) {
	w := newWorld(t)
	names := []string{"a.example", "b.example", "c.example"}
	for _, name := range names {
		w.create(name)
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 15 {
				name := names[(worker+i)%len(names)]
				host := fmt.Sprintf("h%d-%d", worker, i)
				text := fmt.Sprintf(`{"type":"A","name":%q,"data":"1.2.3.%d","ttl":60}`, host, i)
				if _, err := w.tryAdd(name, params(t, text)); err != nil {
					t.Error(err)
				}
				if line := fmt.Sprintf("%s.%s. 60 IN A 1.2.3.%d", host, name, i); !slices.Contains(w.server.serves(name), line) {
					t.Errorf("%s is written but not served", line)
				}
			}
		})
	}
	wg.Wait()
	for _, name := range names {
		w.expect(name, w.full(name)...)
	}
	for _, line := range w.server.log {
		if strings.HasPrefix(line, "put") && strings.Count(strings.Join(w.server.log, " "), line) > 1 {
			t.Errorf("%s several times: changes were not in order", line)
		}
	}
}

// A zone that the name server refuses stays as it was served last, and the
// domain tells what is wrong until that is mended.
func TestABadZone(t *testing.T) {
	w := newWorld(t)
	w.create("example.com")
	good := w.add("example.com", params(t, `{"type":"A","name":"good","data":"1.2.3.4"}`))
	served := w.server.serves("example.com")
	w.server.refuses = func(string) error { return errors.New("I don't like it") }
	bad := w.add("example.com", params(t, `{"type":"A","name":"bad","data":"1.2.3.5"}`))
	check := func(what string) {
		t.Helper()
		d := w.find("example.com")
		if d.BadZoneError != "I don't like it" || d.BadZoneFile != w.file("example.com") {
			t.Errorf("%s: error %q, file:\n%s", what, d.BadZoneError, d.BadZoneFile)
		}
		if diff := cmp.Diff(served, w.server.serves("example.com")); diff != "" {
			t.Errorf("%s: served (-want +got):\n%s", what, diff)
		}
	}
	check("refused")
	if _, err := w.tryUpdate("example.com", good.ID, params(t, `{"ttl":60}`)); err != nil {
		t.Fatal(err)
	}
	check("refused again")
	if err := w.Feed.Start(t.Context()); err != nil { // as a gap in the log would have it
		t.Fatal(err)
	}
	check("read anew")
	w.server.refuses = func(string) error { return nil }
	if _, err := w.tryDelete("example.com", bad.ID); err != nil {
		t.Fatal(err)
	}
	if d := w.find("example.com"); d.BadZoneError != "" || d.BadZoneFile != "" {
		t.Errorf("mended: error %q, file %q", d.BadZoneError, d.BadZoneFile)
	}
	w.expect("example.com", w.full("example.com")...)
}

// Noting that a zone is refused is a write as well, among those that wait.
func TestManyWritesOfABadZone(t *testing.T) {
	w := newWorld(t)
	w.create("example.com")
	w.server.refuses = func(string) error { return errors.New("no") }
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 5 {
				text := fmt.Sprintf(`{"type":"A","name":"h%d-%d","data":"1.2.3.4"}`, worker, i)
				if _, err := w.tryAdd("example.com", params(t, text)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if d := w.find("example.com"); d.BadZoneError != "no" || d.BadZoneFile != w.file("example.com") {
		t.Errorf("error %q, file:\n%s", d.BadZoneError, d.BadZoneFile)
	}
}

func TestARefusedZoneIsTriedAgainAtTheNextStart(t *testing.T) {
	path := storetest.Source(t)
	w := openWorld(t, path)
	w.addAccounts()
	w.server.refuses = func(string) error { return errors.New("no") }
	w.create("example.com")
	if w.find("example.com").BadZoneError != "no" {
		t.Fatal("not refused")
	}
	again := openWorld(t, path)
	if d := again.find("example.com"); d.BadZoneError != "" {
		t.Errorf("error %q", d.BadZoneError)
	}
	again.expect("example.com", again.full("example.com")...)
}

// A change that does not fit what the name server has makes it get the domain
// whole.
func TestARefusedChange(t *testing.T) {
	w := newWorld(t)
	w.create("example.com")
	w.server.mu.Lock()
	clear(w.server.zones) // as if it had lost them
	w.server.mu.Unlock()
	w.add("example.com", params(t, `{"type":"A","name":"a","data":"1.2.3.4"}`))
	w.expect("example.com", w.full("example.com")...)
}

func TestDomainsAreServedFromTheStart(t *testing.T) {
	path := storetest.Source(t)
	w := openWorld(t, path)
	w.addAccounts()
	for i := range 20 {
		name := fmt.Sprintf("d%d.example", i)
		w.create(name)
		w.add(name, params(t, `{"type":"A","name":"a","data":"1.2.3.4"}`))
	}
	w.remove("d7.example")
	again := openWorld(t, path)
	for i := range 20 {
		if name := fmt.Sprintf("d%d.example", i); i != 7 {
			again.expect(name, again.full(name)...)
		}
	}
	if len(again.server.serves("d7.example")) > 0 {
		t.Error("a removed domain is served")
	}
}

// What one node writes, another on the same database serves within a second.
func TestNodesFollowEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := storetest.Source(t)
		one := openWorld(t, path)
		one.addAccounts()
		one.create("early.example")
		two := openWorld(t, path)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go two.Feed.Follow(ctx)
		one.create("example.com")
		r := one.add("example.com", params(t, `{"type":"TXT","name":"a","data":"say \"ü\" \\ ;"}`))
		one.add("early.example", params(t, `{"type":"CAA","name":"@","data":";","flags":0,"tag":"issue"}`))
		settle := func(what string) {
			t.Helper()
			time.Sleep(time.Second) // of the bubble's clock
			synctest.Wait()
			for _, name := range []string{"example.com", "early.example"} {
				if diff := cmp.Diff(one.server.serves(name), two.server.serves(name)); diff != "" || one.server.serial(name) != two.server.serial(name) {
					t.Errorf("%s: %s with serials %d and %d (-one +two):\n%s", what, name, one.server.serial(name), two.server.serial(name), diff)
				}
			}
		}
		settle("created")
		if told := strings.Join(two.server.log, " "); strings.Count(told, " example.com.") != 1 {
			t.Errorf("the whole domain had the record already, but there was more: %s", told)
		}
		if _, err := one.tryUpdate("example.com", r.ID, params(t, `{"ttl":77}`)); err != nil {
			t.Fatal(err)
		}
		two.add("example.com", params(t, `{"type":"A","name":"two","data":"1.2.3.4"}`))
		if err := one.Feed.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		settle("changed by both")
		one.remove("example.com")
		settle("removed")
		one.create("example.com")
		one.remove("early.example")
		settle("made anew")
		if puts := strings.Count(strings.Join(two.server.log, " "), "put early.example."); puts != 1 {
			t.Errorf("a change was not followed as one: %v", two.server.log)
		}
	})
}

// A node that has slept for longer than the log is kept reads everything anew,
// whether there is something newer in the log or not.
func TestANodeThatHasSleptForLong(t *testing.T) {
	for name, late := range map[string]bool{"nothing newer": false, "something newer": true} {
		t.Run(name, func(t *testing.T) {
			path := storetest.Source(t)
			one := openWorld(t, path)
			one.addAccounts()
			one.create("gone.example")
			one.create("example.com")
			two := openWorld(t, path)
			one.remove("gone.example")
			one.add("example.com", params(t, `{"type":"A","name":"a","data":"1.2.3.4"}`))
			one.clock.advance(2 * time.Hour)
			if err := one.Feed.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
			if late {
				one.add("example.com", params(t, `{"type":"A","name":"late","data":"1.2.3.4"}`))
			}
			if err := two.Feed.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			two.expect("example.com", two.full("example.com")...)
			if len(two.server.serves("gone.example")) > 0 {
				t.Error("a removed domain is still served")
			}
		})
	}
}

// Where nothing is old nothing is written: that would cost a part of a full
// disk's reserve, each minute.
func TestPruneOfNothingWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.create("example.com")
	for _, test := range []struct {
		later   time.Duration
		commits uint64
	}{{0, 0}, {2 * time.Hour, 1}, {0, 0}} {
		w.clock.advance(test.later)
		before := w.DB.Commits()
		if err := w.Feed.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.DB.Commits() - before; n != test.commits {
			t.Errorf("%v later it took %d commits, want %d", test.later, n, test.commits)
		}
	}
}

// Whatever is done by two nodes in whatever order, both serve in the end what
// the database has.
func TestNodesAgree(t *testing.T) {
	path := storetest.Source(t)
	nodes := []*world{openWorld(t, path), openWorld(t, path)}
	nodes[0].addAccounts()
	names := []string{"a.example", "b.example"}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			w := nodes[rapid.IntRange(0, 1).Draw(rt, "node")]
			name := rapid.SampledFrom(names).Draw(rt, "name")
			d, err := zonedb.Find(t.Context(), w.DB, mine, name)
			switch step := rapid.IntRange(0, 5).Draw(rt, "step"); {
			case err != nil:
				w.create(name)
			case step == 0:
				w.remove(name)
			case step == 1:
				if err := w.Feed.CatchUp(t.Context()); err != nil {
					rt.Fatal(err)
				}
			case step == 2:
				if records := w.records(name); len(records) > 4 {
					w.tryDelete(name, records[4].ID)
				}
			default:
				w.tryAdd(name, params(t, fmt.Sprintf(`{"type":"A","name":"h%d","data":"1.2.3.%d","ttl":%d}`, step%2, d.Serial%250, 30+d.Serial%7)))
			}
		}
		for _, w := range nodes {
			if err := w.Feed.CatchUp(t.Context()); err != nil {
				rt.Fatal(err)
			}
			for _, name := range names {
				want := []string{}
				if _, err := zonedb.Find(t.Context(), w.DB, mine, name); err == nil {
					want = w.full(name)
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, append([]string{}, w.server.serves(name)...)); diff != "" {
					rt.Fatalf("%s (-want +got):\n%s", name, diff)
				}
			}
		}
	})
}

// A database that is restored under a running node is served as it is then.
func TestARestoredDatabase(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.create("early.example")
	late := w.create("late.example")
	w.write(func(tx *store.Tx) error {
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
	if got := w.server.serves("late.example"); len(got) > 0 {
		t.Errorf("still served: %v", got)
	}
	w.expect("early.example", w.full("early.example")...)
}
