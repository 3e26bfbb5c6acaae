package dns

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

var past = time.Unix(1, 0)

func dial(t testing.TB, s *Server, from string) net.Conn {
	t.Helper()
	dialer := net.Dialer{}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	conn, err := dialer.Dial("tcp", s.Addresses()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// framed is a query as TCP has it.
func framed(t testing.TB, id uint16, name string, rrtype uint16) []byte {
	t.Helper()
	m := new(dns.Msg).SetQuestion(name, rrtype)
	m.Id = id
	raw, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(raw))), raw...)
}

// read reads an answer; nil if the connection was closed instead.
func read(t testing.TB, conn net.Conn) *dns.Msg {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	m, err := (&dns.Conn{Conn: conn}).ReadMsg()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("neither answered nor closed")
	}
	if err != nil {
		return nil
	}
	return m
}

func works(t testing.TB, conn net.Conn) bool {
	t.Helper()
	if _, err := conn.Write(framed(t, 1, "ns1.example.com.", dns.TypeA)); err != nil {
		return false
	}
	m := read(t, conn)
	return m != nil && len(m.Answer) == 1
}

func TestPipelining(t *testing.T) {
	s := started(t, Config{}, dnstest.Zone(t, "example.com.", dnstest.Small))
	conn := dial(t, s, "")
	var all []byte
	const n = 500
	for i := range uint16(n) {
		all = append(all, framed(t, i, "ns1.example.com.", dns.TypeA)...)
	}
	go func() { _, _ = conn.Write(all) }()
	for i := range n {
		m := read(t, conn)
		if m == nil || int(m.Id) != i || len(m.Answer) != 1 {
			t.Fatalf("%d'th answer: %s", i, m)
		}
	}
}

// TestAnswersBeforeTheEnd holds that a message which ends a connection does not
// take along the answers to those before it.
func TestAnswersBeforeTheEnd(t *testing.T) {
	s := started(t, Config{}, dnstest.Zone(t, "example.com.", dnstest.Small))
	conn := dial(t, s, "")
	query := framed(t, 1, "ns1.example.com.", dns.TypeA)
	response := framed(t, 2, "ns1.example.com.", dns.TypeA)
	response[4] |= 0x80 // QR
	if _, err := conn.Write(append(query, response...)); err != nil {
		t.Fatal(err)
	}
	if m := read(t, conn); m == nil || m.Id != 1 || len(m.Answer) != 1 {
		t.Errorf("the query's answer: %s", m)
	}
	if m := read(t, conn); m != nil {
		t.Errorf("the response is answered: %s", m)
	}
}

func TestMessageByteByByte(t *testing.T) {
	s := started(t, Config{}, dnstest.Zone(t, "example.com.", dnstest.Small))
	conn := dial(t, s, "")
	for _, b := range append(framed(t, 1, "ns1.example.com.", dns.TypeA), framed(t, 2, "x.example.com.", dns.TypeA)...) {
		if _, err := conn.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := read(t, conn), read(t, conn); a == nil || b == nil || a.Id != 1 || b.Id != 2 || b.Rcode != dns.RcodeNameError {
		t.Errorf("%s, %s", a, b)
	}
}

// TestConnectionsAreClosed has the reasons for which the server closes a connection.
func TestConnectionsAreClosed(t *testing.T) {
	config := Config{IdleTimeout: 50 * time.Millisecond, MessageTimeout: 50 * time.Millisecond}
	s := started(t, config, dnstest.Zone(t, "example.com.", dnstest.Small))
	for _, test := range []struct{ name, sent string }{
		{"silence", ""},
		{"half a length", "\x00"},
		{"only a length", "\x00\x20"},
		{"half a message", "\x00\x20abcdef"},
		{"an empty message", "\x00\x00"},
		{"a message too short to be answered", "\x00\x02ab"},
		{"an answer", "\x00\x0cab\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"a message too long for a query", "\xff\xff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := dial(t, s, "")
			if _, err := io.WriteString(conn, test.sent); err != nil {
				t.Fatal(err)
			}
			if m := read(t, conn); m != nil {
				t.Errorf("answered by %s", m)
			}
		})
	}
	t.Run("a message of more than is read ahead", func(t *testing.T) {
		conn := dial(t, s, "")
		if _, err := conn.Write(append([]byte{0x10, 0}, make([]byte, 0x1000)...)); err != nil {
			t.Fatal(err)
		}
		if m := read(t, conn); m == nil || m.Rcode != dns.RcodeFormatError {
			t.Errorf("answered by %s", m)
		}
	})
}

// answered reports whether a connection works, when the server has noted that it
// waits for all of its clients again.
func answered(t *testing.T, s *Server, conn net.Conn) bool {
	t.Helper()
	if !works(t, conn) {
		return false
	}
	for {
		s.conns.mu.Lock()
		idle := s.conns.waiting.Len() == len(s.conns.all)
		s.conns.mu.Unlock()
		if idle {
			return true
		}
		runtime.Gosched()
	}
}

func TestBoundsOfConnections(t *testing.T) {
	zone := dnstest.Zone(t, "example.com.", dnstest.Small)
	t.Run("of one client", func(t *testing.T) {
		s := started(t, Config{PerClient: 2}, zone)
		first, second, other := dial(t, s, "127.0.0.1"), dial(t, s, "127.0.0.1"), dial(t, s, "127.0.0.2")
		if !answered(t, s, first) || !answered(t, s, second) || !answered(t, s, other) || !answered(t, s, first) {
			t.Fatal("not answered within the bound")
		}
		third := dial(t, s, "127.0.0.1")
		if !answered(t, s, third) {
			t.Error("the newest is not answered")
		}
		if m := read(t, second); m != nil {
			t.Errorf("%s", m)
		}
		if !answered(t, s, first) || !answered(t, s, other) {
			t.Error("another one had to go than whom was waited for the longest")
		}
	})
	t.Run("in total", func(t *testing.T) {
		s := started(t, Config{Connections: 2}, zone)
		first, second := dial(t, s, "127.0.0.1"), dial(t, s, "127.0.0.2")
		if !answered(t, s, first) || !answered(t, s, second) {
			t.Fatal("not answered within the bound")
		}
		third := dial(t, s, "127.0.0.3")
		if !answered(t, s, third) || !answered(t, s, second) {
			t.Error("not answered")
		}
		if m := read(t, first); m != nil {
			t.Errorf("%s", m)
		}
	})
}

// TestClientThatReadsNothingIsDisconnected asks for more than the kernel keeps and never reads.
func TestClientThatReadsNothingIsDisconnected(t *testing.T) {
	var text strings.Builder
	text.WriteString(dnstest.Small)
	for i := range 250 {
		fmt.Fprintf(&text, "big TXT %d%s\n", i, strings.Repeat("x", 200))
	}
	s := started(t, Config{MessageTimeout: 100 * time.Millisecond}, dnstest.Zone(t, "example.com.", text.String()))
	conn := dial(t, s, "")
	query := framed(t, 1, "big.example.com.", dns.TypeTXT)
	_ = conn.SetWriteDeadline(time.Now().Add(30 * time.Second))
	var failed error
	for failed == nil {
		_, failed = conn.Write(query)
	}
	if errors.Is(failed, os.ErrDeadlineExceeded) {
		t.Errorf("the connection was not closed: %v", failed)
	}
	if !works(t, dial(t, s, "")) {
		t.Error("others are not served")
	}
}

func TestTenThousandConnections(t *testing.T) {
	s := started(t, Config{IdleTimeout: time.Minute, MessageTimeout: time.Minute}, dnstest.Zone(t, "example.com.", dnstest.Small))
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), crowd+"="+s.Addresses()[0].String())
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "connected" {
		t.Fatalf("%s", lines.Text())
	}
	for _, network := range []string{"udp", "tcp"} {
		if got := ask1(t, s, network, "ns1.example.com.", dns.TypeA); len(got.Answer) != 1 {
			t.Errorf("%s: %s", network, got)
		}
	}
	if !works(t, dial(t, s, "127.0.0.2")) {
		t.Error("a new connection is not served")
	}
	_, _ = io.WriteString(stdin, "\n")
	if !lines.Scan() || lines.Text() != fmt.Sprint(crowdSize) {
		t.Errorf("%s connections are open", lines.Text())
	}
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

// TestAnswersComeFromWhereTheyWereAsked has sockets of all addresses.
func TestAnswersComeFromWhereTheyWereAsked(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", "[::]:0"} {
		s := started(t, Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort(listen)}}, dnstest.Zone(t, "example.com.", dnstest.Small))
		port := s.Addresses()[0].Port()
		asked := []string{"127.0.0.1", "127.0.0.2", "127.3.4.5"}
		if listen[0] == '[' {
			asked = []string{"::1"}
		}
		for _, address := range asked {
			// The client is connected: it takes answers only from there.
			for _, rrtype := range []uint16{dns.TypeA, dns.TypeIXFR} { // the second is answered aside
				client := &dns.Client{Timeout: 5 * time.Second}
				target := netip.AddrPortFrom(netip.MustParseAddr(address), port).String()
				if _, _, err := client.Exchange(new(dns.Msg).SetQuestion("ns1.example.com.", rrtype), target); err != nil {
					t.Errorf("%s asked at %s: %v", listen, address, err)
				}
			}
		}
	}
}

func TestStartAndClose(t *testing.T) {
	s := started(t, Config{}, dnstest.Zone(t, "example.com.", dnstest.Small))
	if err := s.Start(); err == nil {
		t.Error("started twice")
	}
	idle, half := dial(t, s, ""), dial(t, s, "")
	if !works(t, idle) {
		t.Fatal("not answered")
	}
	if _, err := half.Write([]byte{0, 10, 1}); err != nil {
		t.Fatal(err)
	}
	other, err := New(zonedata.New(), Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0"), s.Addresses()[0]}})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("started where somebody else is: %v", err)
	}
	_ = other.Close()
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("closing took %s", took)
	}
	if read(t, idle) != nil || read(t, half) != nil {
		t.Error("answered after Close")
	}
	if _, err := net.Dial("tcp", s.Addresses()[0].String()); err == nil {
		t.Error("the port is still open")
	}
	if err := s.Start(); err == nil {
		t.Error("started after Close")
	}
	if _, err := New(zonedata.New(), Config{TLSAddresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}}); err == nil {
		t.Error("TLS without a certificate")
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := started(t, Config{Registry: registry}, dnstest.Zone(t, "example.com.", dnstest.Small), dnstest.Zone(t, "example.org.", dnstest.Small))
	ask1(t, s, "udp", "ns1.example.com.", dns.TypeA)
	ask1(t, s, "udp", "ns1.example.com.", dns.TypeA)
	ask1(t, s, "udp", "x.example.com.", dns.TypeMX)
	ask1(t, s, "tcp", "ns1.example.net.", dns.TypeAAAA)
	ask1(t, s, "tcp", "ns1.example.com.", dns.TypeRP)
	conn := dial(t, s, "")
	if !works(t, conn) {
		t.Fatal("not answered")
	}
	if got := gathered(t, registry); got["rockpool_dns_connections"] < 1 {
		t.Errorf("no connection is counted: %v", got)
	}
	// A client can have its answer before the server has noted it.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := gathered(t, registry)
	for name, want := range map[string]float64{
		"rockpool_dns_queries_total NOERROR udp A":     2,
		"rockpool_dns_queries_total NXDOMAIN udp MX":   1,
		"rockpool_dns_queries_total REFUSED tcp AAAA":  1,
		"rockpool_dns_queries_total NOERROR tcp other": 1,
		"rockpool_dns_zones":                           2,
		"rockpool_dns_records":                         6,
		"rockpool_dns_latency_seconds udp":             3,
		"rockpool_dns_queries_total NOERROR tcp A":     1,
		"rockpool_dns_latency_seconds tcp":             3,
		"rockpool_dns_rate_limited_total":              0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v; of %v", name, got[name], want, got)
		}
	}
	if _, err := New(zonedata.New(), Config{Registry: registry}); err == nil {
		t.Error("registered twice")
	}
}

// gathered returns the registry's figures by name and labels; of a histogram
// the number of samples.
func gathered(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.Metric {
			name := family.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return got
}
