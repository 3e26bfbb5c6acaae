package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

const (
	dnsZones   = 10_000
	dnsQueries = 100_000
	dnsRounds  = 5
	dnsSeconds = 1
)

// dnsServe is an environment variable with a folder of zones. It makes this
// test program a name server of these zones, so that it is a process like the
// other name servers.
const dnsServe = "ROCKPOOL_BENCH_DNS"

func init() {
	folder := os.Getenv(dnsServe)
	if folder == "" {
		return
	}
	if err := serveDNS(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serveDNS(folder string) error {
	zones := zonedata.New()
	server, err := dns.New(zones, dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:" + os.Getenv("PORT"))}})
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.zone"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.Open(file)
		if err != nil {
			return err
		}
		z := zone.Zone{Origin: strings.TrimSuffix(filepath.Base(file), "zone")}
		parser := mdns.NewZoneParser(text, z.Origin, file)
		for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
			z.Records = append(z.Records, rr)
		}
		text.Close()
		if err := parser.Err(); err != nil {
			return err
		}
		if err := zones.Put(z); err != nil {
			return err
		}
	}
	if err := server.Start(); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	return server.Close()
}

// BenchmarkDNS measures the name server of Rockpool, NSD and Knot in turn.
// dnsperf sends each the same queries for the same zones.
func BenchmarkDNS(b *testing.B) {
	for _, program := range []string{"dnsperf", "nsd", "knotd"} {
		if _, err := exec.LookPath(program); err != nil {
			b.Skipf("%s is not installed", program)
		}
	}
	folder := b.TempDir()
	writeZones(b, folder)
	queries := writeQueries(b, folder)
	servers := []*nameServer{rockpoolServer(b, folder), nsdServer(b, folder), knotServer(b, folder)}
	for _, s := range servers {
		s.await(b, zoneName(dnsZones-1))
		s.load(b, queries) // once to warm up
		s.cpu, s.rate = nil, nil
	}
	for range dnsRounds {
		for _, s := range servers {
			s.load(b, queries)
		}
	}
	ours, nsd, knot := servers[0], servers[1], servers[2]
	for _, s := range servers {
		record(b, "DNS, "+s.name+": CPU a query, median", s.cpu, s.cpu.median(), "µs", 0)
		record(b, "DNS, "+s.name+": queries a second, median", s.rate, s.rate.median(), "1/s", 0)
	}
	record(b, "DNS: CPU a query to NSD's", ours.cpu, ours.cpu.median()/nsd.cpu.median(), "times", 1.2)
	record(b, "DNS: CPU a query to Knot's", ours.cpu, ours.cpu.median()/knot.cpu.median(), "times", 0)
	record(b, "DNS: NSD's queries a second to ours", ours.rate, nsd.rate.median()/ours.rate.median(), "times", 1.25)
}

func zoneName(i int) string { return fmt.Sprintf("zone%d.example.", i) }

func zoneText(i int) string {
	return fmt.Sprintf(`$ORIGIN %s
$TTL 1800
@ IN SOA ns1 hostmaster %d 10800 3600 604800 1800
@ IN NS ns1
@ IN NS ns2
@ IN NS ns3
@ IN A 192.0.2.1
@ IN MX 10 mail
@ IN TXT "v=spf1 mx -all"
ns1 IN A 192.0.2.2
ns2 IN A 192.0.2.3
ns3 IN A 192.0.2.4
mail IN A 192.0.2.5
mail IN AAAA 2001:db8::5
www IN A 192.0.2.6
www IN AAAA 2001:db8::6
shop IN CNAME www
`, zoneName(i), 1000+i)
}

func writeZones(b *testing.B, folder string) {
	for i := range dnsZones {
		if err := os.WriteFile(filepath.Join(folder, zoneName(i)+"zone"), []byte(zoneText(i)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// writeQueries writes the queries for dnsperf. One name in ten does not
// exist.
func writeQueries(b *testing.B, folder string) string {
	kinds := []string{"%sA", "www.%sA", "www.%sA", "www.%sA", "www.%sAAAA", "shop.%sA", "%sMX", "%sNS", "mail.%sA", "no.%sA"}
	var text bytes.Buffer
	random := rand.New(rand.NewPCG(1, 2))
	for range dnsQueries {
		fmt.Fprintf(&text, kinds[random.IntN(len(kinds))]+"\n", zoneName(random.IntN(dnsZones))+" ")
	}
	path := filepath.Join(folder, "queries")
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		b.Fatal(err)
	}
	return path
}

type nameServer struct {
	name      string
	port      int
	pid       int
	cpu, rate samples // µs a query, queries a second
}

// start runs a name server in its own process group until the test ends.
func (s *nameServer) start(b *testing.B, command *exec.Cmd) *nameServer {
	b.Helper()
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	s.pid = command.Process.Pid
	b.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		if b.Failed() {
			b.Logf("%s: %s", s.name, output.String())
		}
	})
	return s
}

func freePort(b *testing.B) int {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).Port
}

func rockpoolServer(b *testing.B, folder string) *nameServer {
	s := &nameServer{name: "Rockpool", port: freePort(b)}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), dnsServe+"="+folder, "PORT="+strconv.Itoa(s.port))
	return s.start(b, command)
}

func nsdServer(b *testing.B, folder string) *nameServer {
	s := &nameServer{name: "NSD", port: freePort(b)}
	own := b.TempDir()
	var text strings.Builder
	fmt.Fprintf(&text, `server:
  ip-address: 127.0.0.1@%d
  server-count: %d
  reuseport: yes
  username: ""
  chroot: ""
  database: ""
  zonesdir: %q
  pidfile: %[4]q
  xfrdfile: ""
  zonelistfile: %[5]q
  rrl-ratelimit: 0
remote-control:
  control-enable: no
`, s.port, runtime.NumCPU(), folder, filepath.Join(own, "pid"), filepath.Join(own, "zonelist"))
	for i := range dnsZones {
		fmt.Fprintf(&text, "zone:\n  name: %q\n  zonefile: %q\n", zoneName(i), zoneName(i)+"zone")
	}
	return s.start(b, exec.Command("nsd", "-d", "-c", configure(b, own, text.String())))
}

func knotServer(b *testing.B, folder string) *nameServer {
	s := &nameServer{name: "Knot", port: freePort(b)}
	own := b.TempDir()
	var text strings.Builder
	fmt.Fprintf(&text, `server:
  listen: 127.0.0.1@%d
  udp-workers: %d
  tcp-workers: 1
  rundir: %[3]q
database:
  storage: %[3]q
template:
  - id: default
    storage: %[4]q
    file: "%%s.zone"
    zonefile-sync: -1
    journal-content: none
zone:
`, s.port, runtime.NumCPU(), own, folder)
	for i := range dnsZones {
		fmt.Fprintf(&text, "  - domain: %q\n    file: %q\n", zoneName(i), zoneName(i)+"zone")
	}
	return s.start(b, exec.Command("knotd", "-c", configure(b, own, text.String())))
}

func configure(b *testing.B, folder, text string) string {
	path := filepath.Join(folder, "conf")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	return path
}

// await waits until the server answers for its last zone.
func (s *nameServer) await(b *testing.B, zone string) {
	client := &mdns.Client{Timeout: 200 * time.Millisecond}
	query := new(mdns.Msg).SetQuestion(zone, mdns.TypeSOA)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if answer, _, err := client.Exchange(query, s.address()); err == nil && len(answer.Answer) == 1 {
			return
		}
	}
	b.Fatalf("%s does not answer", s.name)
}

func (s *nameServer) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

var (
	completedLine = regexp.MustCompile(`Queries completed:\s+(\d+) \(([\d.]+)%\)`)
	rateLine      = regexp.MustCompile(`Queries per second:\s+([\d.]+)`)
)

// load makes dnsperf send queries as fast as it can, and takes a sample.
func (s *nameServer) load(b *testing.B, queries string) {
	before := groupCPU(b, s.pid)
	output, err := exec.Command("dnsperf", "-s", "127.0.0.1", "-p", strconv.Itoa(s.port), "-d", queries,
		"-l", strconv.Itoa(dnsSeconds), "-c", "10", "-q", "200", "-e").CombinedOutput()
	if err != nil {
		b.Fatalf("dnsperf: %v: %s", err, output)
	}
	used := groupCPU(b, s.pid) - before
	completed, rate := completedLine.FindSubmatch(output), rateLine.FindSubmatch(output)
	if completed == nil || rate == nil {
		b.Fatalf("dnsperf said: %s", output)
	}
	count, _ := strconv.ParseFloat(string(completed[1]), 64)
	share, _ := strconv.ParseFloat(string(completed[2]), 64)
	if count == 0 || share < 99 {
		b.Fatalf("%s answered %.0f queries, %.2f%%", s.name, count, share)
	}
	perSecond, _ := strconv.ParseFloat(string(rate[1]), 64)
	s.cpu = append(s.cpu, used.Seconds()*1e6/count)
	s.rate = append(s.rate, perSecond)
}

// groupCPU returns the processor time of all processes of a group.
// proc_pid_stat(5) has it in ticks of 10 ms.
func groupCPU(b *testing.B, group int) time.Duration {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	ticks := 0
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if fields[2] != strconv.Itoa(group) {
			continue
		}
		for _, field := range fields[11:13] {
			n, _ := strconv.Atoi(field)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
