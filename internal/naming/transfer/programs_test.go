package transfer

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// program is a name server that copies zones from the primary with the key k256., and
// accepts NOTIFY messages that this key has signed.
type program struct {
	name, debian string
	text         string // of its configuration: %[1]d its port, %[2]q its folder, %[3]s our address, %[4]d our port, %[5]s its address
	arguments    []string
	catalogs     bool // it learns by catalog.invalid. which zones there are
}

var programs = []program{
	{"knotd", "knot", knotText, nil, true},
	{"named", "bind9", bindText, []string{"-g", "-n", "1"}, true},
	// NSD of Debian 12 is older than 4.9 and knows no catalogs: its zones are in
	// its configuration.
	{"nsd", "nsd", nsdText, []string{"-d"}, false},
}

const knotText = `server:
  listen: %[5]s@%[1]d
  rundir: %[2]q
database:
  storage: %[2]q
key:
  - id: k256.
    algorithm: hmac-sha256
    secret: c2VjcmV0
remote:
  - id: primary
    address: %[3]s@%[4]d
    key: k256.
acl:
  - id: notify
    address: 127.0.0.1
    key: k256.
    action: notify
template:
  - id: default
    storage: %[2]q
  - id: member
    storage: %[2]q
    master: primary
    acl: notify
zone:
  - domain: catalog.invalid.
    master: primary
    acl: notify
    catalog-role: interpret
    catalog-template: member
`

const bindText = `options {
  directory %[2]q;
  listen-on port %[1]d { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  lock-file none;
  recursion no;
  dnssec-validation no;
  notify no;
  allow-transfer { none; };
  catalog-zones {
    zone "catalog.invalid" default-primaries { %[3]s port %[4]d key "k256"; } in-memory yes min-update-interval 1;
  };
};
controls { };
key "k256" {
  algorithm hmac-sha256;
  secret "c2VjcmV0";
};
zone "catalog.invalid" {
  type secondary;
  file "catalog";
  primaries { %[3]s port %[4]d key "k256"; };
};
`

const nsdText = `server:
  ip-address: %[5]s@%[1]d
  server-count: 1
  username: ""
  chroot: ""
  database: ""
  zonesdir: %[2]q
  pidfile: "%[2]s/pid"
  xfrdfile: "%[2]s/xfrd"
  xfrdir: %[2]q
  zonelistfile: "%[2]s/zonelist"
remote-control:
  control-enable: no
key:
  name: "k256"
  algorithm: hmac-sha256
  secret: "c2VjcmV0"
zone:
  name: "example.com"
  request-xfr: %[3]s@%[4]d k256
  allow-notify: 127.0.0.1 k256
zone:
  name: "example.net"
  request-xfr: %[3]s@%[4]d k256
  allow-notify: 127.0.0.1 k256
`

// startSecondary starts a program as a secondary of the primary, and returns its
// address.
func startSecondary(t *testing.T, from program, config Config) (p *Primary, ours, theirs string) {
	t.Helper()
	needs.Program(t, from.name, from.debian)
	folder, secondary := t.TempDir(), netip.AddrPortFrom(rockpooltest.ReserveRange(t).Addr().Next(), 5300)
	if from.name == "named" { // it only listens on addresses that an interface has
		secondary = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(freePort(t)))
	}
	config.Keys, config.Catalog = testKeys, "catalog.invalid."
	config.Secondaries = []Secondary{{Address: secondary, Key: "k256."}}
	p, ours = started(t, config, 10)
	if err := p.Catalog(100); err != nil {
		t.Fatal(err)
	}
	p.Start()
	t.Cleanup(p.Close)
	at := netip.MustParseAddrPort(ours)
	run(t, folder, fmt.Sprintf(from.text, secondary.Port(), folder, at.Addr(), at.Port(), secondary.Addr()), from.name, from.arguments...)
	return p, ours, secondary.String()
}

// run runs a name server until the test ends.
func run(t *testing.T, folder, text, program string, arguments ...string) {
	t.Helper()
	path := filepath.Join(folder, "conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	command := exec.Command(program, append(arguments, "-c", path)...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		if t.Failed() {
			t.Logf("%s: %s", program, output.String())
		}
	})
}
