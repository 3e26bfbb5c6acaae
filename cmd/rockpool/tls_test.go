package main

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
)

func TestTLSFlags(t *testing.T) {
	authority := certificatetest.NewAuthority(t)
	issue := func() (certificate, key string) {
		return authority.Issue(t, t.TempDir(), time.Now(), time.Now().Add(time.Hour))
	}
	certificate, key := issue()
	_, other := issue()
	for _, test := range []struct {
		name string
		c    serveCommand
		says string
	}{
		{"no key", serveCommand{tlsFlags: tlsFlags{TLSCertificate: certificate}}, "give --tls-key as well"},
		{"no certificate", serveCommand{tlsFlags: tlsFlags{TLSKey: key}}, "give --tls-certificate as well"},
		{"a file that is missing", serveCommand{tlsFlags: tlsFlags{certificate + ".old", key}}, certificate + ".old: no such file"},
		{"another's key", serveCommand{tlsFlags: tlsFlags{certificate, other}}, "does not match"},
		{"DNS over TLS without", serveCommand{namesFlags: namesFlags{DNSTLS: "127.0.0.1:0"}}, "--dns-tls needs a certificate"},
		{"DNS over TLS at no address", serveCommand{tlsFlags: tlsFlags{certificate, key}, namesFlags: namesFlags{DNSTLS: "853"}}, "--dns-tls 853: not an address"},
	} {
		test.c.dataFlag, test.c.Compute, test.c.Addresses = newData(t), "simulated", addressing{netip.MustParsePrefix("127.18.0.0/16")}
		_, err := test.c.config(slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %s", test.name, err, test.says)
		}
	}
}
