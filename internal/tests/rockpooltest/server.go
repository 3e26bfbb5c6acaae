package rockpooltest

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startLimit is how long a start may take, on a busy machine.
const startLimit = 30 * time.Second

// Server is a rockpool process that can be killed, and started again with the
// same data.
type Server struct {
	Data      string
	Addresses netip.Prefix // of the droplets; the first is what it listens on
	URL       string       // of the API, without the path
	Token     string
	Env       []string // added to the environment

	tb      testing.TB
	flags   []string
	listen  string // the same address after a restart, because clients keep it
	log     book
	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended and its log is read
	used    []string      // addresses that droplets were reached at
}

// New returns a server that has not been started. At the end of the test it is
// stopped; the test fails if anything is left of its machines.
func New(tb testing.TB, flags ...string) *Server {
	tb.Helper()
	return NewIn(tb, filepath.Join(tb.TempDir(), "data"), flags...)
}

// NewIn is New with the path of the data folder.
func NewIn(tb testing.TB, data string, flags ...string) *Server {
	tb.Helper()
	s := &Server{tb: tb, flags: flags, Data: data, Addresses: ReserveRange(tb)}
	s.listen = net.JoinHostPort(s.Addresses.Addr().Next().String(), "0")
	tb.Cleanup(s.cleanUp)
	return s
}

// Start is New, and starts the server.
func Start(tb testing.TB, flags ...string) *Server {
	tb.Helper()
	s := New(tb, flags...)
	s.Start()
	return s
}

// Command returns the command that runs the server.
func (s *Server) Command() *exec.Cmd {
	args := append([]string{"serve", "--data", s.Data, "--listen", s.listen,
		"--dns", "127.0.0.1:0", "--addresses", s.Addresses.String(), "--log-level", "debug"}, s.flags...)
	cmd := exec.Command(Binary, args...)
	// Tests create more droplets than fit in a small machine's memory, but use
	// little of it.
	cmd.Env = append(os.Environ(), "ROCKPOOL_MEMORY_BUDGET=none", "ROCKPOOL_DISK_BUDGET=none")
	cmd.Env = append(cmd.Env, s.Env...)
	// A test program that panics stops nothing itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Start starts the server, also after a Kill or Stop, and returns when it
// answers.
func (s *Server) Start() {
	s.tb.Helper()
	cmd := s.Command()
	stdout, stdoutErr := cmd.StdoutPipe()
	stderr, stderrErr := cmd.StderrPipe()
	if stdoutErr != nil || stderrErr != nil {
		s.tb.Fatal(stdoutErr, stderrErr)
	}
	if err := cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	exited := make(chan struct{})
	s.process, s.exited = cmd, exited
	greeted := make(chan map[string]string, 1)
	logged := make(chan struct{})
	go func() { defer close(logged); s.log.copy(stderr) }()
	go func() {
		defer close(exited)
		greet(stdout, &s.log, greeted)
		<-logged
		_ = cmd.Wait() // the test looks at its status
	}()
	select {
	case exports := <-greeted:
		s.URL = exports["DIGITALOCEAN_API_URL"]
		s.readToken()
		s.listen = strings.TrimPrefix(s.URL, "http://")
	case <-exited:
		s.tb.Fatalf("rockpool ended: %v", cmd.ProcessState)
	case <-time.After(startLimit):
		s.tb.Fatalf("rockpool did not start within %v", startLimit)
	}
}

// readToken takes the first token from its file: the greeting shows it to
// terminals only.
func (s *Server) readToken() {
	s.tb.Helper()
	text, err := os.ReadFile(filepath.Join(s.Data, "token"))
	if err != nil {
		s.tb.Fatal(err)
	}
	s.Token = strings.TrimSpace(string(text))
}

// greet sends the variables that the greeting exports, after it has read the
// whole greeting.
func greet(r io.Reader, log *book, greeted chan<- map[string]string) {
	exports := map[string]string{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		log.add(lines.Text())
		text, isExport := strings.CutPrefix(lines.Text(), "export ")
		if name, value, ok := strings.Cut(text, "="); ok && isExport {
			exports[name] = value
			if len(exports) == 2 {
				greeted <- exports
			}
		}
	}
}

// Kill ends the server as a crash does.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the server by SIGTERM, and fails the test if it exits with an error.
func (s *Server) Stop() {
	s.tb.Helper()
	s.end(syscall.SIGTERM)
	if status := s.process.ProcessState; !status.Success() {
		s.tb.Errorf("rockpool ended with %v", status)
	}
}

// Restart is a Stop and a Start.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Stop()
	s.Start()
}

func (s *Server) end(signal syscall.Signal) {
	s.tb.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.tb.Errorf("signal rockpool: %v", err)
	}
	select {
	case <-s.exited:
	case <-time.After(startLimit):
		_ = s.process.Process.Kill()
		s.tb.Fatalf("rockpool did not end within %v of %v", startLimit, signal)
	}
}

func (s *Server) running() bool {
	if s.process == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// PID of the server's process.
func (s *Server) PID() int { return s.process.Process.Pid }

// Logged returns a channel that is closed at the next line of the log that
// contains the text.
func (s *Server) Logged(text string) <-chan struct{} { return s.log.next(text) }

// LogCount returns the number of lines of the log that contain the text.
func (s *Server) LogCount(text string) int { return s.log.count(text) }
