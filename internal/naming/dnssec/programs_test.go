package dnssec

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// spoiling is a signer that makes invalid signatures for some names.
type spoiling struct{ zone.Signer }

func (s spoiling) Sign(rrset []mdns.RR) ([]mdns.RR, time.Time, error) {
	signatures, fresh, err := s.Signer.Sign(rrset)
	if err == nil && strings.HasPrefix(rrset[0].Header().Name, "spoiled.") {
		sig := signatures[0].(*mdns.RRSIG)
		raw, err := base64.StdEncoding.DecodeString(sig.Signature)
		if err != nil {
			return nil, fresh, err
		}
		raw[7] ^= 1
		sig.Signature = base64.StdEncoding.EncodeToString(raw)
	}
	return signatures, fresh, err
}

// forValidators serves a zone with a name whose signature is invalid, and an unsigned
// zone below it.
func forValidators(t *testing.T) (parent, child *dns.Server, keys Keys) {
	t.Helper()
	keys = Keys{Stage: Stable, Key: newTestKey(t)}
	z := signed(t, longZone+"spoiled A 192.0.2.9\nns1 AAAA 2001:db8::1\n", keys)
	z.Signer = spoiling{z.Signer}
	below := zone.Zone{Origin: "sub." + origin, Records: parsed(t, "sub."+origin, "@ SOA @ host 1 2 3 4 60\n@ NS @\n@ A 127.0.0.1\nx A 192.0.2.7\n")}
	return started(t, z), started(t, below), keys
}

// newDelv returns a function that has delv query a server for a name and type, without
// a cache, and returns delv's output.
func newDelv(t *testing.T, s *dns.Server, keys Keys) func(t *testing.T, ask string) string {
	t.Helper()
	delv := needs.Program(t, "delv", "bind9-dnsutils")
	anchor := filepath.Join(t.TempDir(), "anchor")
	text := fmt.Sprintf("trust-anchors { %s static-key 257 3 13 %q; };\n", origin, keys.Key.public)
	if err := os.WriteFile(anchor, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := s.Addresses()[0]
	return func(t *testing.T, ask string) string {
		t.Helper()
		name, rrtype, _ := strings.Cut(ask, " ")
		name = strings.TrimPrefix(name+"."+origin, "@.")
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		out, _ := exec.CommandContext(ctx, delv, "@"+address.Addr().String(), "-p", fmt.Sprint(address.Port()), "-4",
			"-a", anchor, "+root="+origin, name, rrtype).CombinedOutput()
		return string(out)
	}
}

func TestDelv(t *testing.T) {
	s, _, keys := forValidators(t)
	delv := newDelv(t, s, keys)
	for _, test := range []struct{ ask, want string }{
		{"ns1 A", "; fully validated"},
		{"@ DNSKEY", "; fully validated"},
		{"www A", "; fully validated"},
		{"v.wild A", "; fully validated"},
		{"v.cn A", "; fully validated"},
		{"ns1 NSEC", "; fully validated"},
		{"www NSEC", "; fully validated"},
		{"none A", "; negative response, fully validated"},
		{"a.b.none A", "; negative response, fully validated"},
		{"ns1 TXT", "; negative response, fully validated"},
		{"ent A", "; negative response, fully validated"},
		{"v.wild AAAA", "; negative response, fully validated"},
		{"sub DS", "; negative response, fully validated"},
		{"secure DS", "; fully validated"},
		{lastLabel("x", "x") + "." + deep + " A", "; fully validated"},
		{lastLabel("w", "x") + "." + deep + " A", "; fully validated"},
		{lastLabel("w", "x") + "." + deep + " AAAA", "; negative response, fully validated"},
		{lastLabel("w", "w") + "." + deep + " A", "; negative response, fully validated"},
		{lastLabel("w", "x") + "." + bare + " A", "; negative response, fully validated"},
		{longLabel(`\255`) + " A", "; negative response, fully validated"},
		{longLabel(`\255`) + "." + longLabel(`\255`) + ".ns1 A", "; negative response, fully validated"},
		{`\000.ns1 A`, "; negative response, fully validated"},
		{`\000 A`, "; negative response, fully validated"},
		{"spoiled A", "resolution failed"},
	} {
		t.Run(test.ask, func(t *testing.T) {
			if out := delv(t, test.ask); !strings.Contains(out, test.want) {
				t.Errorf("want %q of\n%s", test.want, out)
			}
		})
	}
}

const unboundConf = `
server:
  directory: %[1]q
  chroot: ""
  username: ""
  pidfile: ""
  logfile: ""
  use-syslog: no
  verbosity: 1
  do-daemonize: no
  num-threads: 1
  interface: %[2]s@5300
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  do-ip6: no
  module-config: "validator iterator"
  aggressive-nsec: yes
  trust-anchor: %[3]q
  local-zone: "example.com." nodefault
remote-control:
  control-enable: no
`

// startUnbound starts a validating resolver with the servers of some zones, and returns
// its address.
func startUnbound(t *testing.T, keys Keys, servers map[string]*dns.Server) string {
	t.Helper()
	path := needs.Program(t, "unbound", "unbound")
	dir, own := t.TempDir(), rockpooltest.ReserveRange(t).Addr().Next()
	conf := filepath.Join(dir, "unbound.conf")
	ds := strings.ReplaceAll(keys.DS(origin, 60).String(), "\t", " ")
	text := fmt.Sprintf(unboundConf, dir, own, ds)
	for name, s := range servers {
		text += fmt.Sprintf("stub-zone:\n  name: %q\n  stub-addr: 127.0.0.1@%d\n", name, s.Addresses()[0].Port())
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := run(t, exec.Command(path, "-d", "-c", conf)); said != "" {
		t.Fatalf("unbound does not start:\n%s", said)
	}
	return netip.AddrPortFrom(own, 5300).String()
}

// run starts a resolver and waits until it answers; if it does not, run returns its
// output. The resolver ends with the test.
func run(t *testing.T, cmd *exec.Cmd) (said string) {
	t.Helper()
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	serves, ended := make(chan bool, 1), make(chan struct{})
	var all strings.Builder
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			fmt.Fprintln(&all, lines.Text())
			if strings.Contains(lines.Text(), "start of service") {
				serves <- true
			}
		}
		close(serves)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = cmd.Wait()
	})
	if <-serves {
		return ""
	}
	return "it has ended: " + all.String()
}

func TestUnbound(t *testing.T) {
	parent, child, keys := forValidators(t)
	address := startUnbound(t, keys, map[string]*dns.Server{origin: parent, "sub." + origin: child})
	for _, test := range []struct {
		ask    string
		rcode  int
		secure bool
	}{
		{"none A", 3, true}, // first, so that what it covers would be missed below
		{"*.ent A", 3, true},
		{"x.ns1 A", 3, true},
		{"ns1 TXT", 0, true},
		{"ent A", 0, true},
		{"v.wild AAAA", 0, true},
		{"ns1 A", 0, true},
		{"ns1 AAAA", 0, true},
		{"@ MX", 0, true},
		{"a.ent A", 0, true},
		{"v.wild A", 0, true},
		{"v.wild TXT", 0, true},
		{"x.y.wild A", 0, true},
		{"www A", 0, true},
		{"v.cn A", 0, true},
		{"far A", 3, true},
		{"sub DS", 0, true},
		{"x.sub A", 0, false},
		{"none.sub A", 3, false},
		{`www\000 A`, 3, true},
		{"www A", 0, true},
		{lastLabel("x", "x") + "." + deep + " A", 0, true},
		{lastLabel("w", "x") + "." + deep + " A", 0, true},
		{lastLabel("w", "x") + "." + deep + " AAAA", 0, true},
		{lastLabel("w", "w") + "." + deep + " A", 0, true},
		{lastLabel("w", "w") + "." + deep + " TXT", 0, true},
		{lastLabel("w", "x") + "." + bare + " A", 3, true},
		{longLabel(`\255`) + " A", 3, true},
		{longLabel(`\255`) + "." + longLabel(`\255`) + ".ns1 A", 3, true},
		{`\000.ns1 A`, 3, true},
		{"ns1 A", 0, true}, // which that proof must not have denied
		{`\000 A`, 3, true},
		{"@ MX", 0, true},
		{"spoiled A", mdns.RcodeServerFailure, false},
	} {
		t.Run(test.ask, func(t *testing.T) {
			if m := resolved(t, address, test.ask); m.Rcode != test.rcode || m.AuthenticatedData != test.secure {
				t.Errorf("%s", m)
			}
		})
	}
}

// resolved queries a resolver for a name and type.
func resolved(t *testing.T, address, ask string) *mdns.Msg {
	t.Helper()
	name, rrtype, _ := strings.Cut(ask, " ")
	client := &mdns.Client{Timeout: 10 * time.Second}
	m, _, err := client.Exchange(new(mdns.Msg).SetQuestion(strings.TrimPrefix(name+"."+origin, "@."), typeOf(rrtype)).SetEdns0(4096, true), address)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
