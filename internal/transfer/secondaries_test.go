package transfer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/needs"
	"github.com/rockpool-cloud/rockpool/internal/zone"
)

// freePort returns a port that is free by UDP and TCP, below those that the
// system gives to clients, so that none takes it before the server does.
func freePort(t *testing.T) int {
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		address := fmt.Sprintf("127.0.0.1:%d", port)
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		udp, err := net.ListenPacket("udp", address)
		tcp.Close()
		if err == nil {
			udp.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
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

// await asks a secondary until it has a serial.
func await(t *testing.T, address, origin string, serial uint32) {
	t.Helper()
	client := &mdns.Client{Timeout: time.Second}
	var last any
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		answer, _, err := client.Exchange(new(mdns.Msg).SetQuestion(origin, mdns.TypeSOA), address)
		if last = err; err != nil {
			continue
		}
		last = answer
		if soa := soaFirst(answer.Answer); soa != nil && soa.Serial == serial {
			return
		}
	}
	t.Fatalf("%s: no serial %d: %v", origin, serial, last)
}

// awaitGone asks a secondary until it has a zone no more.
func awaitGone(t *testing.T, address, origin string) {
	t.Helper()
	client := &mdns.Client{Timeout: time.Second}
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		answer, _, err := client.Exchange(new(mdns.Msg).SetQuestion(origin, mdns.TypeSOA), address)
		if err == nil && answer.Rcode == mdns.RcodeRefused {
			return
		}
	}
	t.Fatalf("%s is still there", origin)
}

const knotText = `server:
  listen: 127.0.0.1@%[1]d
  rundir: %[2]q
database:
  storage: %[2]q
key:
  - id: k256.
    algorithm: hmac-sha256
    secret: c2VjcmV0
remote:
  - id: primary
    address: %[3]s
    key: k256.
acl:
  - id: notify
    address: 127.0.0.1
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

// NSD of Debian 12 is older than 4.9 and knows no catalogs: its zones are in
// its configuration.
const nsdText = `server:
  ip-address: 127.0.0.1@%[1]d
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
  request-xfr: %[3]s k256
  allow-notify: 127.0.0.1 NOKEY
zone:
  name: "example.net"
  request-xfr: %[3]s k256
  allow-notify: 127.0.0.1 NOKEY
`

func TestSecondaries(t *testing.T) {
	for _, test := range []struct {
		program, debian, text string
		arguments             []string
		catalog               bool
	}{
		{"knotd", "knot", knotText, nil, true},
		{"nsd", "nsd", nsdText, []string{"-d"}, false},
	} {
		t.Run(test.program, func(t *testing.T) {
			needs.Program(t, test.program, test.debian)
			port, folder := freePort(t), t.TempDir()
			secondary := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
			p, address := started(t, Config{Keys: testKeys, Catalog: "catalog.invalid.", Secondaries: []Secondary{{Address: secondary}}}, 10)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			from := netip.MustParseAddrPort(address)
			at := fmt.Sprintf("%s@%d", from.Addr(), from.Port())
			run(t, folder, fmt.Sprintf(test.text, port, folder, at), test.program, test.arguments...)
			await(t, secondary.String(), "example.com.", 1)
			for serial := 2; serial <= 4; serial++ {
				step(t, p, serial)
				await(t, secondary.String(), "example.com.", uint32(serial))
			}
			z := zone.Zone{Origin: "example.net.", Records: []mdns.RR{rr(t, "example.net. 60 IN SOA ns. host. 7 60 60 60 60"), rr(t, "example.net. 60 IN NS ns.")}}
			if err := p.Put(z); err != nil {
				t.Fatal(err)
			}
			await(t, secondary.String(), "example.net.", 7)
			if test.catalog {
				p.Remove("example.net.")
				awaitGone(t, secondary.String(), "example.net.")
			} else {
				t.Logf("%s knows no catalog zones: its zones were configured by hand", test.program)
			}
		})
	}
}
