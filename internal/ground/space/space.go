// Package space makes it possible to free a full disk through the API, although
// a deletion has to write to the database. It allocates a reserve, a file that
// nobody else can use, and releases the reserve piece by piece when the database
// has no other space to write to. It also reports when there is too little space
// to create anything.
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
	// enough is free space, in bytes, that suffices for any transaction.
	enough = 1 << 20
	// interval is the time between two attempts to refill the reserve.
	interval = 10 * time.Second
)

// Guard guards the free space of a folder's file system. Its methods are safe for
// concurrent use. On a nil Guard they do nothing and return no error.
type Guard struct {
	dir   string
	size  int64 // of the full reserve, in bytes
	least int64 // free bytes that Check demands
	log   *slog.Logger

	mu   sync.Mutex
	file *os.File // the reserve; nil if there can be none
	left int64    // bytes of the reserve that are not released
}

// Open returns the guard of a folder. It allocates a reserve of that many bytes in
// the folder's file "reserve". Check fails while fewer than least bytes are free.
// If the disk is full, Open releases a piece of the reserve that an earlier
// process left, so that the database can be opened. Without a reserve the server
// can still run, so Open only logs why there is none.
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
	g.left = info.Size()
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

// Keep refills the reserve whenever there is space for it, until ctx ends.
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

// FreeSpace releases as much of the reserve as the next transaction needs. It is
// called before each transaction that writes, and with full set after one found
// the disk full. The last piece remains, for Open in the next process.
func (g *Guard) FreeSpace(full bool) {
	if g != nil {
		g.release(g.piece(), full)
	}
}

func (g *Guard) piece() int64 { return max(g.size/pieces, 1) }

// release releases pieces of the reserve while too little space is free, and at
// least one piece if full is set. It leaves down bytes of the reserve.
func (g *Guard) release(down int64, full bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.file != nil && g.left > down {
		free, err := g.freeBytes()
		if !full && (err != nil || free >= min(enough, g.piece())) {
			return
		}
		full = false
		to := max(down, g.left-g.piece())
		if err := g.file.Truncate(to); err != nil {
			g.log.Error("release a part of the reserve of disk space", "error", err)
			return
		}
		g.left = to
		g.log.Warn("the disk is full: a part of the reserve is given up", "folder", g.dir, "bytes_left", to)
	}
}

// refill brings the reserve to its size, if enough space remains free then.
func (g *Guard) refill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.file == nil || g.left == g.size {
		return
	}
	if g.left > g.size {
		if err := g.file.Truncate(g.size); err == nil {
			g.left = g.size
		}
		return
	}
	free, err := g.freeBytes()
	if err != nil || free-(g.size-g.left) < max(g.least, enough) {
		return
	}
	if err := unix.Fallocate(int(g.file.Fd()), 0, 0, g.size); err != nil {
		g.log.Warn("no reserve of disk space", "reason", err)
		_ = g.file.Truncate(g.left) // as before
		if errors.Is(err, unix.EOPNOTSUPP) {
			g.file.Close()
			g.file = nil // there will never be a reserve
		}
		return
	}
	g.left = g.size
}

// freeBytes returns how many bytes of the file system can be used.
func (g *Guard) freeBytes() (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(g.dir, &stat); err != nil {
		return 0, &fs.PathError{Op: "ask for the free space of", Path: g.dir, Err: err}
	}
	return int64(stat.Bavail) * stat.Bsize, nil
}

// Check returns an apierr.Refused while too little space is free to create
// anything.
func (g *Guard) Check() error {
	if g == nil {
		return nil
	}
	free, err := g.freeBytes()
	if err != nil {
		return fmt.Errorf("check the disk: %w", err)
	}
	if free < g.least {
		return apierr.Refused("This cloud's disk is almost full: %d MB are free, and what is new needs %d MB. Delete something first.", free>>20, g.least>>20)
	}
	return nil
}
