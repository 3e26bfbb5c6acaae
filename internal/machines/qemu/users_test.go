package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

func needIsolation(t *testing.T, e *Engine) {
	t.Helper()
	if !e.isolated {
		needs.Skip(t, "root with %d users from %d on: machines are not isolated here", userCount, firstUser)
	}
}

func TestUsersStayInTheirRange(t *testing.T) {
	for _, test := range []struct {
		start, id int64
		want      uint32
	}{
		{0, 1, firstUser + 1},
		{5, 7, firstUser + 12},
		{userCount - 1, 1, firstUser},
		{userCount - 1, userCount, firstUser + userCount - 1},
		{9, 1<<63 - 1, firstUser + (1<<63+8)%userCount},
	} {
		if got := (users{Start: test.start}).of(test.id); got != test.want {
			t.Errorf("machine %d after start %d has the user %d, want %d", test.id, test.start, got, test.want)
		}
	}
}

// startBeside draws until no running user is in the room behind the start, if there
// is such a start.
func TestStartBesideRunningUsers(t *testing.T) {
	const running = 50_000_000
	for _, test := range []struct {
		draws []int64
		want  int64
	}{
		{[]int64{running + 1}, running + 1},
		{[]int64{running, running - 1, running - userRoom, running - userRoom - 1}, running - userRoom - 1},
		{[]int64{userCount - 1, 1000}, 1000}, // machine 3 would have the user firstUser+2
	} {
		draw := func(int64) (start int64) {
			start, test.draws = test.draws[0], test.draws[1:]
			return start
		}
		got := startBeside([]uint32{0, 1000, uint32(formerUser(1)), firstUser + 2, firstUser + running}, draw)
		if got != test.want || len(test.draws) > 0 {
			t.Errorf("the start is %d with %v not drawn, want %d", got, test.draws, test.want)
		}
	}
	everywhere := make([]uint32, 0, userCount/userRoom+1)
	for user := int64(0); user < userCount; user += userRoom {
		everywhere = append(everywhere, uint32(firstUser+user))
	}
	if got := startBeside(everywhere, func(int64) int64 { return 4 }); got != 4 {
		t.Errorf("where all users run the start is %d, want 4", got)
	}
}

// Two clouds on one host both have a machine 1. The QEMU of one must have no access to
// the files and sockets of the other, and not use up the other's processes.
func TestMachinesOfTwoCloudsHaveUsersOfTheirOwn(t *testing.T) {
	one, _ := newEngine(t)
	needIsolation(t, one)
	two, _ := newEngine(t)
	seen := map[uint32]bool{}
	for i, e := range []*Engine{one, two} {
		spec := testSpec(1, blankImage(t))
		spec.Interfaces[0].Address = testSpec(int64(97+i), "").Interfaces[0].Address
		started(t, e, spec)
		user := wantOneUser(t, e, 1)
		if seen[user] {
			t.Errorf("machine 1 of both clouds has the user %d", user)
		}
		seen[user] = true
	}
}

// wantOneUser returns the user of a machine's QEMU, who must own the machine's files
// as well.
func wantOneUser(t *testing.T, e *Engine, id int64) uint32 {
	t.Helper()
	user, ok := proc.User(qemuOf(t, e, id).PID)
	if !ok {
		t.Fatalf("the user of machine %d's QEMU is not known", id)
	}
	for _, name := range []string{"disk.qcow2", "metadata.sock"} {
		if owner, err := ownerOf(e.newMachine(id).path(name)); err != nil || owner != user {
			t.Errorf("%s belongs to %d (%v), and QEMU runs as %d", name, owner, err, user)
		}
	}
	return user
}

// The users of a data directory stay the same when it is moved. A copy of it has other
// users.
func TestUsersSurviveAMoveAndNotACopy(t *testing.T) {
	dir := t.TempDir()
	before := opened(t, filepath.Join(dir, "data"))
	needIsolation(t, before)
	if got := opened(t, filepath.Join(dir, "data")).users; got != before.users {
		t.Errorf("the second engine there has the users %+v, want %+v", got, before.users)
	}
	if err := os.Rename(filepath.Join(dir, "data"), filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, filepath.Join(dir, "moved")).users; got != before.users {
		t.Errorf("after a move the users are %+v, want %+v", got, before.users)
	}
	if err := os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(filepath.Join(dir, "moved"))); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, filepath.Join(dir, "copy")).users; got.Start == before.users.Start {
		t.Errorf("a copy has the users %+v of what it was copied from", got)
	}
}

// opened returns an engine that was opened on a data directory and closed.
func opened(t *testing.T, dir string) *Engine {
	t.Helper()
	e := openIn(t, dir)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return e
}

// A machine runs as a user of an earlier choice, because the file with that choice was
// lost, or an earlier version wrote none. The engine serves the machine as it is and
// can stop it. After its next start it has its new user.
func TestUsersAreChosenBesideAMachineThatRuns(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"lost":   os.Remove,
		"broken": func(path string) error { return os.WriteFile(path, []byte(`{"start":-1}`), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			before := openIn(t, t.TempDir())
			needIsolation(t, before)
			spec := testSpec(99, blankImage(t))
			started(t, before, spec)
			dir := before.config.DataDir
			if err := errors.Join(before.Close(), spoil(filepath.Join(dir, usersFile))); err != nil {
				t.Fatal(err)
			}
			e := openIn(t, dir)
			recovered(t, e)
			if user := wantOneUser(t, e, spec.ID); user != before.users.of(spec.ID) {
				t.Errorf("a machine that ran has the user %d, want still %d", user, before.users.of(spec.ID))
			}
			if p := e.find(spec.ID); p == nil {
				t.Error("the machine's QEMU is not found in the process table")
			} else {
				p.Close()
			}
			if err := e.Stop(t.Context(), spec.ID); err != nil {
				t.Fatal(err)
			}
			wantState(t, e, spec.ID, compute.Stopped)
			if err := e.Start(t.Context(), spec.ID); err != nil {
				t.Fatal(err)
			}
			if user := wantOneUser(t, e, spec.ID); user != e.users.of(spec.ID) || user == before.users.of(spec.ID) {
				t.Errorf("after its next start it has the user %d, want %d", user, e.users.of(spec.ID))
			}
		})
	}
}

// Open succeeds even if the choice of users can't be written, on a full disk for
// instance.
func TestUsersThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, usersFile, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := opened(t, dir)
	needIsolation(t, e)
	if e.users.Folder != e.marks {
		t.Errorf("the users are %+v, want chosen ones", e.users)
	}
}

func TestAMarkCountsOnlyWithItsUser(t *testing.T) {
	e := opened(t, t.TempDir())
	needIsolation(t, e)
	for user, want := range map[uint32]bool{
		e.users.of(7): true, formerUser(7): true,
		e.users.of(8): false, formerUser(8): false, 0: false, 1000: false,
	} {
		if got := e.mayRunAs(user, 7); got != want {
			t.Errorf("a process of user %d with the mark of machine 7 counts as its QEMU: %v, want %v", user, got, want)
		}
	}
}
