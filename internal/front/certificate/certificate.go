// Package certificate has a TLS certificate that is read from its files again when
// they change. So tools that renew certificates, such as certbot and lego, need not
// restart the server.
package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate with its chain and its key. Its methods are safe for
// concurrent use.
type Certificate struct {
	certificate, key file
	now              func() time.Time
	log              *slog.Logger

	mu      sync.Mutex
	checked time.Time // when the files were last checked for changes
	current *tls.Certificate
	failed  string // the last logged reason why the files can't be used
	warned  string // the last logged warning about the validity of current
}

// interval is the minimum time between two checks of the files.
const interval = time.Second

// Open reads a certificate and its key from PEM files. It returns an error if the key
// is of another certificate. It only logs a warning if the certificate is expired or
// not yet valid, because the clock may be wrong and clients may not check.
func Open(certificate, key string, now func() time.Time, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certificate: file{path: certificate}, key: file{path: key}, now: now, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	c.checked = now()
	c.checkTime()
	return c, nil
}

// Config returns a configuration for servers with the certificate, for TLS 1.2 and
// later. The caller sets the protocols for ALPN.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// get returns the certificate for a handshake.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked).Abs() >= interval { // the clock may have been set back
		c.checked = now
		c.reload()
		c.checkTime()
	}
	return c.current, nil
}

// reload reads the files again if they have changed. If they can't be used, the
// current certificate stays, and the next call tries again: a tool may have written
// only one of the two files so far.
func (c *Certificate) reload() {
	if c.certificate.same() && c.key.same() {
		c.failed = ""
		return
	}
	if err := c.read(); err != nil {
		if c.failed != err.Error() {
			c.failed = err.Error()
			c.log.Error("the new TLS certificate can't be used; the old one stays", "error", err)
		}
		return
	}
	c.failed = ""
	c.log.Info("new TLS certificate", "file", c.certificate.path, "until", c.current.Leaf.NotAfter)
}

// read reads the files. It changes nothing if it fails.
func (c *Certificate) read() error {
	certificate, chain, err := c.certificate.read()
	if err != nil {
		return err
	}
	key, secret, err := c.key.read()
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(chain, secret)
	if err != nil {
		return fmt.Errorf("%s with key %s: %w", c.certificate.path, c.key.path, err)
	}
	c.certificate, c.key, c.current = certificate, key, &pair
	return nil
}

// checkTime logs a warning if clients will reject the certificate.
func (c *Certificate) checkTime() {
	warning, now, leaf := "", c.now(), c.current.Leaf
	switch {
	case now.After(leaf.NotAfter):
		warning = fmt.Sprintf("the TLS certificate expired on %s", leaf.NotAfter.UTC().Format(time.RFC1123))
	case now.Before(leaf.NotBefore):
		warning = fmt.Sprintf("the TLS certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC1123))
	}
	if warning != "" && warning != c.warned {
		c.log.Warn(warning, "file", c.certificate.path)
	}
	c.warned = warning
}

// file is a file with its state when it was read.
type file struct {
	path string
	info os.FileInfo
}

// read reads the file. It gets the file's state before the content, so that same
// notices a write during the read.
func (f file) read() (file, []byte, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return file{}, nil, err
	}
	if !info.Mode().IsRegular() { // a pipe can be read once only
		return file{}, nil, fmt.Errorf("%s is not a file", f.path)
	}
	text, err := os.ReadFile(f.path)
	return file{f.path, info}, text, err
}

// same reports whether the file is unchanged since it was read. It compares the inode,
// because a new file may have the same time; and time and size, because a file that
// is written in place has the same inode.
func (f file) same() bool {
	info, err := os.Stat(f.path)
	return err == nil && os.SameFile(info, f.info) && info.ModTime().Equal(f.info.ModTime()) && info.Size() == f.info.Size()
}
