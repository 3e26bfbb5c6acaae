package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
)

// tlsFlags name the files of the certificate for HTTPS and DNS over TLS.
type tlsFlags struct {
	TLSCertificate string `help:"File with a certificate and its chain, in PEM, for HTTPS and DNS over TLS. A new one in its place is taken without a restart." type:"path"`
	TLSKey         string `help:"File with the key of the certificate, in PEM." type:"path"`
}

// scheme returns the scheme of the API URLs.
func (f tlsFlags) scheme() string {
	if f.TLSCertificate != "" {
		return "https"
	}
	return "http"
}

// open returns the certificate; nil if the flags are empty.
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
