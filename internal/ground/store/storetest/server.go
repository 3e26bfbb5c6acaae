package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL server that listens on a socket in its own folder and
// nowhere else.
type server struct {
	settings []string // for PostgreSQL's command line
	dir      string
	owner    *syscall.Credential
	process  *exec.Cmd     // nil unless it was started
	exited   chan struct{} // closed when all processes of PostgreSQL have ended
	output   bytes.Buffer  // to be read only when no process runs
}

// longestParent is how long the path of the folder may be in which a server's
// folder is created: a socket's path has at most 107 bytes (unix(7)).
const longestParent = 50

// temporary are settings for a server whose data nobody needs after a crash.
// Databases that live for one test are not worth vacuuming.
var temporary = []string{"-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum=off",
	"-c", "max_wal_size=128MB"}

// programs returns the folder with the programs of the newest PostgreSQL; "" if
// none is installed.
func programs() string {
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func urlOf(dir, database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {dir}, "user": {"postgres"}}.Encode()
}

// start creates a server's data and starts the server. If that fails nothing of
// it is left.
func (s *server) start() error {
	err := s.create()
	if err == nil {
		err = s.launch()
	}
	if err == nil {
		return nil
	}
	err = errors.Join(err, s.stop())
	return fmt.Errorf("start PostgreSQL: %w\n%s", err, s.output.String())
}

func (s *server) create() (err error) {
	parent := os.TempDir()
	if len(parent) > longestParent {
		parent = "/tmp"
	}
	if s.dir, err = os.MkdirTemp(parent, "rockpool-postgres"); err != nil {
		return err
	}
	if err := s.chooseOwner(); err != nil {
		return err
	}
	return s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync").Run()
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// launch starts the process and returns when it answers.
func (s *server) launch() error {
	s.process = s.command("postgres", append([]string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "max_connections=500", "-c", "timezone=Asia/Tokyo"}, s.settings...)...)
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	process, exited := s.process, make(chan struct{})
	s.exited = exited
	go func() {
		defer close(exited)
		_ = process.Wait() // also for its children, which write to the same pipe
	}()
	return s.ready()
}

// chooseOwner gives the folder to the user postgres if this process runs as
// root, for whom PostgreSQL does not run.
func (s *server) chooseOwner() error {
	if os.Getuid() != 0 {
		return nil
	}
	other, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(other.Uid)
	gid, _ := strconv.Atoi(other.Gid)
	s.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, uid, gid)
}

func (s *server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(programs(), name), args...)
	c.Dir, c.Stdout, c.Stderr = s.dir, &s.output, &s.output
	// A test program that panics stops nothing itself.
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner, Pdeathsig: syscall.SIGQUIT}
	return c
}

// ready returns when the server answers. It fails when the server ends, or does
// not answer within a minute.
func (s *server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, urlOf(s.dir, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill ends the server as a crash does.
func (s *server) kill() error {
	err := s.process.Process.Kill()
	<-s.exited
	return err
}

// stop ends the server, if it was started, and removes its folder.
func (s *server) stop() (err error) {
	if s.process != nil {
		err = s.process.Process.Signal(syscall.SIGQUIT) // at once: nothing is kept
		if errors.Is(err, os.ErrProcessDone) {
			err = nil
		}
		<-s.exited
		s.process = nil
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
		s.dir = ""
	}
	return err
}
