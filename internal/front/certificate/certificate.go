// Package certificate has a TLS certificate that is taken from its files anew
// when they change, so that whoever renews it there, as certbot and lego do,
// needs no restart.
package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate, with the chain that follows it in its file, and
// its key. Its methods may be called at once.
type Certificate struct {
	certificate, key file
	now              func() time.Time
	log              *slog.Logger

	mu      sync.Mutex
	looked  time.Time // when the files were last looked at
	current *tls.Certificate
	failed  string // why the files' present contents can't be used, as logged
	warned  string // of current's time, as logged
}

// interval is how long the files are not looked at again.
const interval = time.Second

// Open reads a certificate and its key from files of PEM. It refuses a key that
// is another certificate's; of a certificate whose time has not come or is over
// it only warns, as the clock may be wrong and clients may not care.
func Open(certificate, key string, now func() time.Time, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certificate: file{path: certificate}, key: file{path: key}, now: now, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	c.looked = now()
	c.checkTime()
	return c, nil
}

// Config returns a configuration of servers that have the certificate, for TLS
// 1.2 and later. Its ALPN is the caller's to set.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// get returns the certificate for a handshake.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked).Abs() >= interval { // the clock may have been set back
		c.looked = now
		c.look()
		c.checkTime()
	}
	return c.current, nil
}

// look takes the certificate that is in the files now. It is replaced by one
// that can be used only; until then the files are tried again each time, as
// they may have been met between the writing of one and the other.
func (c *Certificate) look() {
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

// read reads the files. If it fails everything stays as it is.
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

// checkTime warns of a certificate that clients will refuse.
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

// file is a file, as it was when it was read.
type file struct {
	path string
	info os.FileInfo
}

// read reads the file. What is written meanwhile makes it another than the one
// that is returned.
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

// same tells whether the file is still the one that was read. A file that is
// written in place keeps its number, and one put in its place may have its time.
func (f file) same() bool {
	info, err := os.Stat(f.path)
	return err == nil && os.SameFile(info, f.info) && info.ModTime().Equal(f.info.ModTime()) && info.Size() == f.info.Size()
}
