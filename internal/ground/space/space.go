// Package space sees to it that a full disk can be freed through the API. It
// keeps a reserve, a file that takes space which nobody else can use up, and
// gives it up piece by piece when there is no other space for what the database
// has to write. It also says when there is too little for anything new.
package space

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

const (
	pieces = 16 // of a reserve
	// enough is the most free space that a transaction is sure to do with, in
	// bytes.
	enough = 1 << 20
	// interval is how often a reserve is looked after that is not whole.
	interval = 10 * time.Second
)

// Guard watches the space of a folder's file system. Its methods may be called
// by many at once. A nil Guard does nothing, and refuses nothing.
type Guard struct {
	dir   string
	size  int64 // of the whole reserve, in bytes
	least int64
	log   *slog.Logger

	mu   sync.Mutex
	file *os.File // the reserve; nil if there can be none
	held int64    // bytes of it
}

// Open begins to guard a folder, with a reserve of so many bytes in the file
// "reserve" there, and refuses what is new when fewer than least bytes are free.
// On a full disk it gives up a piece of the reserve that an earlier process
// left, so that the database can be opened. A reserve that can't be had is
// logged; it is no reason not to start.
func Open(dir string, reserve, least int64, log *slog.Logger) *Guard {
	g := &Guard{dir: dir, size: reserve, least: least, log: log}
	file, err := os.OpenFile(filepath.Join(dir, "reserve"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		log.Warn("no reserve of disk space", "reason", err)
		return g
	}
	g.file = file
	info, err := file.Stat()
	if err != nil {
		log.Warn("no reserve of disk space", "reason", err)
		return g
	}
	g.held = info.Size()
	g.release(0, false)
	g.refill()
	return g
}

// Close ends the guard. The reserve remains for the next one.
func (g *Guard) Close() error {
	if g == nil || g.file == nil {
		return nil
	}
	return g.file.Close()
}

// Keep makes the reserve whole whenever there is room for it, until ctx ends.
func (g *Guard) Keep(ctx context.Context) {
	if g == nil {
		return
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.refill()
		}
	}
}

// MakeRoom is called before something is written that must be, and with full
// when there was no space for it. It gives up as much of the reserve as that
// takes. The last piece is kept for the next start.
func (g *Guard) MakeRoom(full bool) {
	if g != nil {
		g.release(g.piece(), full)
	}
}

func (g *Guard) piece() int64 { return max(g.size/pieces, 1) }

// release gives up pieces of the reserve down to so many bytes: one at least if
// full, and others while too little is free.
func (g *Guard) release(down int64, full bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.file != nil && g.held > down {
		free, err := g.free()
		if !full && (err != nil || free >= min(enough, g.piece())) {
			return
		}
		full = false
		to := max(down, g.held-g.piece())
		if err := g.file.Truncate(to); err != nil {
			g.log.Error("give up a part of the reserve of disk space", "error", err)
			return
		}
		g.held = to
		g.log.Warn("the disk is full: a part of the reserve is given up", "folder", g.dir, "bytes_left", to)
	}
}

// refill makes the reserve as large as is wanted, if enough remains free.
func (g *Guard) refill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.file == nil || g.held == g.size {
		return
	}
	if g.held > g.size {
		if err := g.file.Truncate(g.size); err == nil {
			g.held = g.size
		}
		return
	}
	free, err := g.free()
	if err != nil || free-(g.size-g.held) < max(g.least, enough) {
		return
	}
	if err := unix.Fallocate(int(g.file.Fd()), 0, 0, g.size); err != nil {
		g.log.Warn("no reserve of disk space", "reason", err)
		_ = g.file.Truncate(g.held) // what there was
		if errors.Is(err, unix.EOPNOTSUPP) {
			g.file.Close()
			g.file = nil // for good
		}
		return
	}
	g.held = g.size
}

// free returns how many bytes of the file system can be used.
func (g *Guard) free() (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(g.dir, &stat); err != nil {
		return 0, &fs.PathError{Op: "ask for the free space of", Path: g.dir, Err: err}
	}
	return int64(stat.Bavail) * stat.Bsize, nil
}

// Check refuses what would be new while too little space is free: the error is
// an answer of the API.
func (g *Guard) Check() error {
	if g == nil {
		return nil
	}
	free, err := g.free()
	if err != nil {
		return fmt.Errorf("check the disk: %w", err)
	}
	if free < g.least {
		return apierr.Refused("This cloud's disk is almost full: %d MB are free, and what is new needs %d MB. Delete something first.", free>>20, g.least>>20)
	}
	return nil
}
