package main

import (
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/front/api"
	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
)

// tlsFlags are the files of the certificate of everything that speaks TLS.
type tlsFlags struct {
	TLSCertificate string `help:"File with a certificate and its chain, in PEM, for HTTPS and DNS over TLS. A new one in its place is taken without a restart." type:"path"`
	TLSKey         string `help:"File with the key of the certificate, in PEM." type:"path"`
}

// scheme is that of the API's URLs.
func (f tlsFlags) scheme() string {
	if f.TLSCertificate != "" {
		return "https"
	}
	return "http"
}

// open returns the certificate; nil if there is to be none.
func (f tlsFlags) open(now func() time.Time, log *slog.Logger) (*certificate.Certificate, error) {
	switch {
	case f.TLSCertificate == "" && f.TLSKey == "":
		return nil, nil
	case f.TLSKey == "":
		return nil, fmt.Errorf("--tls-certificate needs its key: give --tls-key as well")
	case f.TLSCertificate == "":
		return nil, fmt.Errorf("--tls-key needs its certificate: give --tls-certificate as well")
	}
	c, err := certificate.Open(f.TLSCertificate, f.TLSKey, now, log)
	if err != nil {
		return nil, fmt.Errorf("--tls-certificate, --tls-key: %w", err)
	}
	return c, nil
}

// listener has a listener speak what the API speaks.
func (cl *cloud) listener(l net.Listener, log *slog.Logger) net.Listener {
	if cl.certificate == nil {
		return api.Listener(l, maxConnections(10_000))
	}
	return api.TLSListener(l, cl.certificate.Config(), maxConnections(10_000), log)
}

// maxConnections is how many clients may be connected, of the API or of the
// name server: most, or a quarter of the files that this process may open, whose
// soft limit Go raises at its start. The rest is for the database and machines.
func maxConnections(most int) int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return most
	}
	return max(1, int(min(limit.Cur/4, uint64(most))))
}
