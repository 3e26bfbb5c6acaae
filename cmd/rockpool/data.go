package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// dataFlag names the data folder and the database.
type dataFlag struct {
	Data     string `help:"Folder of everything that is kept." default:"${data}" type:"path"`
	Database string `help:"PostgreSQL database in place of the folder's own, as postgres://USER:PASSWORD@HOST/NAME."`
}

// where returns the folder and the database of the flags.
func (d dataFlag) where() server.Data { return server.Data{Folder: d.Data, Database: d.Database} }

// Validate rejects a --database that is not a URL of PostgreSQL.
func (d dataFlag) Validate() error {
	if d.Database != "" && !store.IsURL(d.Database) {
		return fmt.Errorf("--database: give the URL of a PostgreSQL database, as postgres://USER:PASSWORD@HOST/NAME; files are given by --data")
	}
	return nil
}

// make creates the folder. Other users may pass through it, because each
// machine runs as its own user and must reach its folder and the images.
// Secret files have modes of their own.
func (d dataFlag) make() error { return os.MkdirAll(d.Data, 0o711) }

// existing opens the database of a cloud that has been started before. It
// creates neither a folder nor a database, so that a mistyped path is an
// error.
func (d dataFlag) existing(ctx context.Context) (*store.DB, error) {
	if d.Database == "" {
		if _, err := os.Stat(d.where().Source()); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no cloud; give the folder of one by --data, or make one with: rockpool serve --data %s", d.Data, d.Data)
		} else if err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, d.where().Source(), store.AsItIs())
}

// lockPatience is how long lock waits for the lock of a folder.
const lockPatience = 5 * time.Second

// lock locks the folder until this process ends, so that no second Rockpool
// uses it. The kernel releases the lock of a killed process only after it has
// freed its memory, so lock waits a moment.
func (d dataFlag) lock(ctx context.Context) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(d.Data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := d.await(ctx, file); err != nil {
		file.Close()
		return nil, err
	}
	// The process id is for error messages. The kernel keeps the lock itself.
	if err := file.Truncate(0); err == nil {
		fmt.Fprintln(file, os.Getpid())
	}
	return file, nil
}

// await waits until it has locked the file. It fails after lockPatience.
func (d dataFlag) await(ctx context.Context, file *os.File) error {
	for began := time.Now(); ; {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			return fmt.Errorf("lock %s: %w", d.Data, err)
		case time.Since(began) >= lockPatience:
			return fmt.Errorf("another rockpool serves %s already%s; stop it, or choose another folder by --data", d.Data, owner(file))
		}
		select {
		case <-time.After(lockPatience / 100):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// owner names the process that has the lock, if the file contains its id.
func owner(file *os.File) string {
	text := make([]byte, 32)
	n, _ := file.ReadAt(text, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/rockpool"
	}
	if xdg := os.Getenv("XDG_DATA_HOME"); xdg != "" {
		return filepath.Join(xdg, "rockpool")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "rockpool-data"
	}
	return filepath.Join(home, ".local", "share", "rockpool")
}
