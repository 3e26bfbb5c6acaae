package transfer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// freePort returns a port that is free for UDP and TCP. It is below the ephemeral ports,
// so that no client takes it before the server does.
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

// await queries a secondary until it has a serial.
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

// awaitGone queries a secondary until it does not have a zone.
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

func TestSecondaries(t *testing.T) {
	for _, secondary := range programs {
		t.Run(secondary.name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			p, _, address := startSecondary(t, secondary, Config{Registry: registry})
			await(t, address, "example.com.", 1)
			for serial := 2; serial <= 4; serial++ {
				step(t, p, serial)
				await(t, address, "example.com.", uint32(serial))
			}
			if counted(t, registry)["IXFR incremental"] == 0 {
				t.Errorf("the changes were not sent as such: %v", counted(t, registry))
			}
			if err := errors.Join(p.Put(small(t, "example.net.", "7")), p.Catalog(101)); err != nil {
				t.Fatal(err)
			}
			await(t, address, "example.net.", 7)
			if secondary.catalogs {
				if err := errors.Join(removed(p, "example.net."), p.Catalog(102)); err != nil {
					t.Fatal(err)
				}
				awaitGone(t, address, "example.net.")
			} else {
				t.Logf("%s knows no catalog zones: its zones were configured by hand", secondary.name)
			}
		})
	}
}

// Answers of secondaries, which have no keys, validate.
func TestSecondariesOfSignedZones(t *testing.T) {
	delv := needs.Program(t, "delv", "bind9-dnsutils")
	const yes, no = "; fully validated", "; negative response, fully validated"
	for _, secondary := range programs {
		t.Run(secondary.name, func(t *testing.T) {
			p, _, address := startSecondary(t, secondary, Config{})
			await(t, address, "example.com.", 1)
			z, key := signedZoneOf(t, hardNames)
			z.Records[0] = soa(t, 2)
			if err := p.Put(z); err != nil {
				t.Fatal(err)
			}
			await(t, address, "example.com.", 2)
			anchor := filepath.Join(t.TempDir(), "anchor")
			text := fmt.Sprintf("trust-anchors { example.com. static-key 257 3 13 %q; };\n", key.DNSKEY("example.com.", 0).PublicKey)
			if err := os.WriteFile(anchor, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			expect := func(ask, want string) {
				t.Helper()
				name, rrtype, _ := strings.Cut(ask, " ")
				at := netip.MustParseAddrPort(address)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				out, _ := exec.CommandContext(ctx, delv, "@"+at.Addr().String(), "-p", fmt.Sprint(at.Port()), "-4",
					"-a", anchor, "+root=example.com.", strings.TrimPrefix(name+".example.com.", "@."), rrtype).CombinedOutput()
				if !strings.Contains(string(out), want) {
					t.Errorf("%s: want %q of\n%s", ask, want, out)
				}
			}
			for _, ask := range []string{"@ DNSKEY", "@ SOA", "capital A", "www A", "v.wild A", "secure DS"} {
				expect(ask, yes)
			}
			for _, ask := range []string{"none A", "a.b.none A", "ns1 TXT", "ent A", "v.wild AAAA", "v.y.wild A", "sub DS", "a3 A"} {
				expect(ask, no)
			}
			step(t, p, 3)
			await(t, address, "example.com.", 3)
			expect("a3 A", yes)
			expect("a3 TXT", no)
			expect("a4 A", no)
			expect("@ SOA", yes)
			expect("hosted DS", no)
			below := small(t, "hosted.example.com.", "1")
			below.DS = []mdns.RR{key.DS("hosted.example.com.", 60)}
			if err := p.Put(below); err != nil {
				t.Fatal(err)
			}
			renew(t, p, 4)
			await(t, address, "example.com.", 4)
			expect("hosted DS", yes)
			removed(p, "hosted.example.com.")
			renew(t, p, 5)
			await(t, address, "example.com.", 5)
			expect("hosted DS", no)
		})
	}
}
