package qemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// When machines are isolated, the QEMU of each runs as a user of its own. These are
// the two billion users from 2^31 on, which no distribution gives to people,
// services or containers.
const (
	firstUser = 1 << 31
	userCount = 2_000_000_000
)

// formerUser is the user that earlier versions gave to a machine, in whatever
// data directory.
func formerUser(id int64) uint32 { return uint32(2_000_000_000 + id) }

// users are the users of the machines of one data directory. Machine id has the
// user firstUser + (Start + id) % userCount. Start is random, so that the machines
// of another data directory have other users, even of one in a container, which
// sees neither our files nor our processes.
type users struct {
	Start int64 `json:"start"`
	// Folder is the prefix of the marks of the machines that Start was chosen for.
	// The marks of a copy of the data directory differ, so it gets another Start.
	Folder string `json:"folder"`
}

// of returns the user, and the group of the same number, of a machine.
func (u users) of(id int64) uint32 {
	return firstUser + uint32((uint64(u.Start)+uint64(id))%userCount)
}

// usersFile is in the data directory. It may be lost: the next launch of a machine
// changes the owner of its files.
const usersFile = "users.json"

// chooseUsers reads the users that were chosen for the engine's machines, or
// chooses some and writes them to usersFile. If that can't be written, because the
// disk is full for instance, the choice lasts until the engine is opened again.
func (e *Engine) chooseUsers() users {
	path := filepath.Join(e.config.DataDir, usersFile)
	u, err := readUsers(path)
	if err == nil && u.Folder == e.marks {
		return u
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.config.Logger.Warn("the machines get new users at their next starts", "reason", err)
	}
	u = users{Start: startBeside(proc.Users(), rand.Int64N), Folder: e.marks}
	if err := errors.Join(writeJSON(path, u), flush(e.config.DataDir)); err != nil {
		e.config.Logger.Warn("the machines' users can't be kept", "reason", err)
	}
	return u
}

func readUsers(path string) (u users, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal(data, &u); err != nil {
		return u, fmt.Errorf("%s: %w", path, err)
	}
	if u.Start < 0 || u.Start >= userCount {
		return u, fmt.Errorf("%s: start is %d, not from 0 to %d", path, u.Start, userCount-1)
	}
	return u, nil
}

// userRoom is how many users from a new start on must not be running.
const userRoom = 1 << 20

// startBeside draws numbers until no running user is among the userRoom users from
// that start on. After many tries it returns the last: then no start is better.
func startBeside(running []uint32, draw func(int64) int64) (start int64) {
	for range 1000 {
		start = draw(userCount)
		if !anyBehind(start, running) {
			break
		}
	}
	return start
}

func anyBehind(start int64, running []uint32) bool {
	for _, user := range running {
		if user >= firstUser && (int64(user)-firstUser-start+userCount)%userCount <= userRoom {
			return true
		}
	}
	return false
}

// ownerOf returns the user that a file belongs to, not following a link.
func ownerOf(path string) (uint32, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, fmt.Errorf("%s has no owner", path)
	}
	return stat.Uid, nil
}
