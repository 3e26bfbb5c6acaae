package certificate

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
)

// site has a certificate in its files, and a clock.
type site struct {
	t         *testing.T
	authority *certificatetest.Authority
	folder    string
	now       time.Time
	log       bytes.Buffer
}

var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func newSite(t *testing.T) *site {
	return &site{t: t, authority: certificatetest.NewAuthority(t), folder: t.TempDir(), now: start}
}

// issue puts a new certificate into the files, for some days around the start.
func (s *site) issue(from, until int) (certificate, key string) {
	return s.authority.Issue(s.t, s.folder, start.AddDate(0, 0, from), start.AddDate(0, 0, until))
}

func (s *site) open(certificate, key string) (*Certificate, error) {
	return Open(certificate, key, func() time.Time { return s.now }, slog.New(slog.NewTextHandler(&s.log, nil)))
}

// assertLogged fails the test unless the log since the last call has exactly one line
// with each of these texts.
func (s *site) assertLogged(want ...string) {
	s.t.Helper()
	lines := strings.Split(strings.TrimSuffix(s.log.String(), "\n"), "\n")
	s.log.Reset()
	if len(want) == 0 && lines[0] == "" && len(lines) == 1 {
		return
	}
	ok := len(lines) == len(want)
	for i := range want {
		ok = ok && strings.Contains(lines[i], want[i])
	}
	if !ok {
		s.t.Errorf("the log has %q, want %q", lines, want)
	}
}

// serial returns the serial number of the certificate that a handshake uses.
func serial(t *testing.T, c *Certificate) string {
	t.Helper()
	used, err := c.Config().GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return used.Leaf.SerialNumber.String()
}

func TestANewCertificateIsLoaded(t *testing.T) {
	s := newSite(t)
	c, err := s.open(s.issue(-1, 30))
	if err != nil {
		t.Fatal(err)
	}
	first := serial(t, c)
	s.issue(-1, 60)
	s.now = s.now.Add(999 * time.Millisecond)
	if serial(t, c) != first {
		t.Error("the files were checked again within a second")
	}
	s.assertLogged()
	s.now = s.now.Add(time.Millisecond)
	second := serial(t, c)
	if second == first {
		t.Error("the new certificate is not loaded")
	}
	s.assertLogged("new TLS certificate")
	s.now = s.now.Add(time.Hour)
	if serial(t, c) != second {
		t.Error("another certificate from the same files")
	}
	s.assertLogged()
	s.now = start // somebody has set the clock back
	s.issue(-1, 90)
	if serial(t, c) == second {
		t.Error("the new certificate is not loaded after the clock was set back")
	}
}

// Files that replace others, for example by a symbolic link, are loaded even if size
// and time are the same.
func TestReplacedFilesAreLoaded(t *testing.T) {
	s := newSite(t)
	versions := []string{filepath.Join(s.folder, "1"), filepath.Join(s.folder, "2")}
	link := filepath.Join(s.folder, "live")
	for _, version := range versions {
		if err := os.Mkdir(version, 0o700); err != nil {
			t.Fatal(err)
		}
		certificate, key := s.authority.Issue(t, version, start, start.AddDate(0, 0, 30))
		for _, path := range []string{certificate, key} {
			if err := errors.Join(os.Truncate(path, 2000), os.Chtimes(path, start, start)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Symlink(versions[0], link); err != nil {
		t.Fatal(err)
	}
	c, err := s.open(filepath.Join(link, "certificate.pem"), filepath.Join(link, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	first := serial(t, c)
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(versions[1], link); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Second)
	if serial(t, c) == first {
		t.Error("the new certificate is not loaded")
	}
}

// While the files can't be used, the previous certificate is used.
func TestABrokenCertificateIsNotLoaded(t *testing.T) {
	s := newSite(t)
	certificate, key := s.issue(-1, 30)
	c, err := s.open(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	first := serial(t, c)
	old, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []struct {
		name string
		make func() error
		says string
	}{
		{"the old key", func() error { s.issue(-1, 60); return os.WriteFile(key, old, 0o600) }, "does not match"},
		{"half a key", func() error { return os.Truncate(key, 40) }, "PEM"},
		{"no key", func() error { return os.Remove(key) }, "no such file"},
	} {
		if err := broken.make(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.now = s.now.Add(time.Second)
			if serial(t, c) != first {
				t.Errorf("%s: another certificate is used", broken.name)
			}
		}
		s.assertLogged(broken.says)
	}
	s.issue(-1, 60)
	s.now = s.now.Add(time.Second)
	if serial(t, c) == first {
		t.Error("the repaired certificate is not loaded")
	}
	s.assertLogged("new TLS certificate")
}

// A certificate that is expired or not yet valid is used. One warning with the date
// is logged.
func TestInvalidTimesAreLogged(t *testing.T) {
	s := newSite(t)
	if _, err := s.open(s.issue(-30, -10)); err != nil {
		t.Fatal(err)
	}
	s.assertLogged("expired on Sun, 15 Nov 2026")
	c, err := s.open(s.issue(5, 30))
	if err != nil {
		t.Fatal(err)
	}
	s.assertLogged("not valid before Mon, 30 Nov 2026")
	s.now = start.AddDate(0, 0, 10)
	serial(t, c)
	s.assertLogged()
	for range 3 {
		s.now = s.now.AddDate(0, 0, 30)
		serial(t, c)
	}
	s.assertLogged("expired on Fri, 25 Dec 2026")
}

func TestOpenRejects(t *testing.T) {
	s := newSite(t)
	certificate, key := s.issue(-1, 30)
	_, other := s.authority.Issue(t, t.TempDir(), start, start)
	missing := filepath.Join(s.folder, "missing")
	for _, test := range []struct{ name, certificate, key, says string }{
		{"no certificate", missing, key, "stat " + missing},
		{"no key", certificate, missing, missing + ": no such file"},
		{"another's key", certificate, other, certificate + " with key " + other + ": tls: private key does not match public key"},
		{"the files the wrong way round", key, certificate, "PEM"},
		{"a folder", s.folder, key, s.folder + " is not a file"},
	} {
		if _, err := s.open(test.certificate, test.key); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %s", test.name, err, test.says)
		}
	}
}
