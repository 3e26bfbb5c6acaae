package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql driver "pgx"
)

// cluster is the one PostgreSQL of this process, which listens on a socket in
// its own folder and nowhere else.
var cluster server

type server struct {
	mu        sync.Mutex
	dir       string
	owner     *syscall.Credential
	process   *exec.Cmd
	databases map[string]string // their URLs, by folder
	output    bytes.Buffer
}

// of returns the URL of a folder's database, and makes it if it is not there.
func (s *server) of(dir string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.databases[dir]; ok {
		return found, nil
	}
	if s.process == nil { // no tests, which Main starts it for
		if err := s.start(); err != nil {
			return "", err
		}
	}
	name := fmt.Sprintf("test%d", len(s.databases)+1)
	if err := s.run(`CREATE DATABASE ` + name); err != nil {
		return "", err
	}
	if s.databases == nil {
		s.databases = map[string]string{}
	}
	s.databases[dir] = s.url(name)
	return s.databases[dir], nil
}

func (s *server) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"postgres"}}.Encode()
}

func (s *server) run(statement string) error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}

// programs is the folder of PostgreSQL's own programs, the newest's; "" without
// one.
func programs() string {
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func (s *server) start() (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("start PostgreSQL: %w\n%s", err, s.output.String())
		}
	}()
	// A socket's path is short: TMPDIR may not be.
	if s.dir, err = os.MkdirTemp("/tmp", "rockpool-postgres"); err != nil {
		return err
	}
	owner, err := s.giveAway()
	if err != nil {
		return err
	}
	s.owner = owner
	initdb := s.command(owner, "initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
	if err := initdb.Run(); err != nil {
		return err
	}
	if err := s.launch(); err != nil {
		return err
	}
	return s.ready()
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// launch starts the process on the data that is there.
func (s *server) launch() error {
	s.process = s.command(s.owner, "postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "max_connections=500", "-c", "timezone=Asia/Tokyo")
	return s.process.Start()
}

// giveAway lets another user have the folder where this one is root, whom
// PostgreSQL does not work for.
func (s *server) giveAway() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	other, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(other.Uid)
	gid, _ := strconv.Atoi(other.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(s.dir, uid, gid)
}

func (s *server) command(as *syscall.Credential, name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(programs(), name), args...)
	c.Dir, c.Stdout, c.Stderr = s.dir, &s.output, &s.output
	// A test program that panics stops nothing itself.
	c.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGQUIT}
	return c
}

// ready waits until it answers.
func (s *server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := s.run(`SELECT 1`)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends PostgreSQL, if it was started, and removes what it has.
func (s *server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Signal(syscall.SIGQUIT) // at once: nothing is kept
	if errors.Is(err, os.ErrProcessDone) {           // a test has killed it
		err = nil
	}
	_ = s.process.Wait()
	return errors.Join(err, os.RemoveAll(s.dir))
}
