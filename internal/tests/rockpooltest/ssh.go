package rockpooltest

import (
	"bufio"
	"crypto/ed25519"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/digitalocean/godo"
)

const (
	handshakeLimit = 10 * time.Second // for a guest that answers slowly
	commandLimit   = 30 * time.Second
	shortestBanner = 400 * time.Millisecond
	redial         = 20 * time.Millisecond
)

// Key is a pair of SSH keys, the public one known to the server.
type Key struct {
	ssh.Signer
	Private    ed25519.PrivateKey
	Authorized string // as a line of authorized_keys, without its end
	ID         int    // at the server
}

// NewKey makes a key and uploads its public half.
func (s *Server) NewKey(name string) Key {
	s.tb.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		s.tb.Fatal(err)
	}
	key := Key{Signer: signer, Private: private, Authorized: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + " " + name}
	uploaded, _, err := s.Client().Keys.Create(s.tb.Context(), &godo.KeyCreateRequest{Name: name, PublicKey: key.Authorized})
	if err != nil {
		s.tb.Fatal(err)
	}
	key.ID = uploaded.ID
	return key
}

// Shell is a session of root in a droplet.
type Shell struct {
	tb     testing.TB
	conn   net.Conn
	client *ssh.Client
}

// Login logs in to the droplet as root. It retries until limit.
func (s *Server) Login(droplet int, key Key, limit time.Duration) *Shell {
	s.tb.Helper()
	return s.LoginAt(s.SSHAddress(droplet), key, limit)
}

// LoginAt is Login with the address of the SSH server.
func (s *Server) LoginAt(address string, key Key, limit time.Duration) (shell *Shell) {
	s.tb.Helper()
	if err := AwaitBanner(address, limit); err != nil {
		s.tb.Fatal(err)
	}
	s.Await(limit, "a login at "+address, func() (err error) {
		shell, err = login(s.tb, address, key)
		return err
	})
	s.tb.Cleanup(shell.Close)
	return shell
}

func login(tb testing.TB, address string, key Key) (*Shell, error) {
	conn, err := net.DialTimeout("tcp", address, handshakeLimit)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(handshakeLimit))
	sshConn, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // each droplet has a new one
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	return &Shell{tb: tb, conn: conn, client: ssh.NewClient(sshConn, channels, requests)}, nil
}

// Run runs a command that must succeed, and returns its output without the
// white space around it.
func (sh *Shell) Run(command string) string {
	sh.tb.Helper()
	output, err := sh.Try(command, commandLimit)
	if err != nil {
		sh.tb.Fatalf("in the droplet: %s: %v\n%s", command, err, output)
	}
	return output
}

// Try runs a command that may fail.
func (sh *Shell) Try(command string, limit time.Duration) (output string, err error) {
	sh.conn.SetDeadline(time.Now().Add(limit))
	defer sh.conn.SetDeadline(time.Time{})
	session, err := sh.client.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	text, err := session.CombinedOutput(command)
	return strings.TrimSpace(string(text)), err
}

// Close ends the session. It may have ended already, with the guest.
func (sh *Shell) Close() { _ = sh.client.Close() }

// AwaitBanner returns when an SSH server answers at the address. It replaces a
// connection without an answer by a new one: a forwarded port accepts
// connections long before the guest does.
func AwaitBanner(address string, limit time.Duration) error {
	var last error
	tick := time.NewTicker(redial)
	defer tick.Stop()
	for begin := time.Now(); time.Since(begin) < limit; <-tick.C {
		// A guest that is slow to boot is slow to answer.
		if last = banner(address, max(shortestBanner, time.Since(begin)/8)); last == nil {
			return nil
		}
	}
	return fmt.Errorf("no SSH banner from %s within %v: %w", address, limit, last)
}

func banner(address string, limit time.Duration) error {
	conn, err := net.DialTimeout("tcp", address, limit)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "SSH-2.0-") {
		err = fmt.Errorf("no SSH banner: %q", line)
	}
	return err
}
