// Package certificatetest makes certificates for tests.
package certificatetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Name is what the certificates are for, beside localhost and loopback.
const Name = "rockpool.test"

// Authority signs certificates.
type Authority struct {
	Pool *x509.CertPool // with only this authority
	File string         // with its own certificate, as PEM

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes an authority.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{Pool: x509.NewCertPool(), key: newKey(tb), certificate: &x509.Certificate{
		SerialNumber: newSerial(tb), Subject: pkix.Name{CommonName: "Rockpool's tests"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	text := a.sign(tb, a.certificate, a.key)
	a.Pool.AppendCertsFromPEM(text)
	a.File = filepath.Join(tb.TempDir(), "authority.pem")
	write(tb, a.File, text)
	return a
}

// Issue writes a new certificate with that validity, and its key, to files in a
// folder, and returns their paths. It overwrites those of an earlier call.
func (a *Authority) Issue(tb testing.TB, folder string, from, until time.Time) (certificate, key string) {
	tb.Helper()
	secret := newKey(tb)
	der, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, key = filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	write(tb, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	write(tb, certificate, a.sign(tb, &x509.Certificate{
		SerialNumber: newSerial(tb), Subject: pkix.Name{CommonName: Name}, NotBefore: from, NotAfter: until,
		DNSNames: []string{Name, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, secret))
	return certificate, key
}

// sign signs a certificate of a key, as PEM.
func (a *Authority) sign(tb testing.TB, certificate *x509.Certificate, of *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, certificate, a.certificate, of.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newSerial(tb testing.TB) *big.Int {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	return serial
}

func write(tb testing.TB, path string, text []byte) {
	tb.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatal(err)
	}
}
