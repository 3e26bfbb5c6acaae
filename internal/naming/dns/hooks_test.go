package dns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// signedExchange asks by a client that signs.
func signedExchange(t *testing.T, s *Server, network, key string, provider dnstest.Keys, signed time.Time, m *dns.Msg) (*dns.Msg, error) {
	t.Helper()
	m.SetTsig(key, dns.HmacSHA256, 300, signed.Unix())
	c := &dns.Client{Net: network, TsigProvider: provider}
	got, _, err := c.Exchange(m, s.Addresses()[0].String())
	return got, err
}

func TestTSIG(t *testing.T) {
	s := started(t, Config{Answers: answer.Config{TSIG: dnstest.Key}}, dnstest.Zone(t, "example.com.", dnstest.Big))
	without := started(t, Config{}, dnstest.Zone(t, "example.com.", dnstest.Big))
	now := time.Now()
	for _, network := range []string{"udp", "tcp"} {
		for _, test := range []struct {
			name    string
			server  *Server
			key     string
			secrets dnstest.Keys
			signed  time.Time
			rcode   int
			failed  uint16
		}{
			{"good", s, "key.example.", dnstest.Key, now, dns.RcodeSuccess, 0},
			{"an unknown key", s, "other.example.", dnstest.Keys{"other.example.": "c2VjcmV0"}, now, dns.RcodeNotAuth, dns.RcodeBadKey},
			{"another secret", s, "key.example.", dnstest.Keys{"key.example.": "b3RoZXI="}, now, dns.RcodeNotAuth, dns.RcodeBadSig},
			{"too old", s, "key.example.", dnstest.Key, now.Add(-10 * time.Minute), dns.RcodeNotAuth, dns.RcodeBadTime},
			{"too young", s, "key.example.", dnstest.Key, now.Add(10 * time.Minute), dns.RcodeNotAuth, dns.RcodeBadTime},
			{"no key at all", without, "key.example.", dnstest.Key, now, dns.RcodeNotAuth, dns.RcodeBadKey},
		} {
			t.Run(network+", "+test.name, func(t *testing.T) {
				m := new(dns.Msg).SetQuestion("mail.example.com.", dns.TypeA)
				if network == "tcp" { // else it has to fit in 512 bytes with its signature
					m.SetEdns0(1232, false)
				}
				got, err := signedExchange(t, test.server, network, test.key, test.secrets, test.signed, m)
				if (err == nil) != (test.failed == 0) && !errors.Is(err, dns.ErrAuth) && !errors.Is(err, dns.ErrTime) && !errors.Is(err, dns.ErrSig) {
					t.Fatal(err)
				}
				if got == nil || got.Rcode != test.rcode || got.IsTsig() == nil || got.IsTsig().Error != test.failed {
					t.Fatalf("%v: %s", err, got)
				}
				if test.failed == 0 && (len(got.Answer) != 2 || (got.IsEdns0() == nil) != (network == "udp")) {
					t.Errorf("%s", got)
				}
				if test.failed != 0 && len(got.Answer) != 0 {
					t.Errorf("an answer to who is not known: %s", got)
				}
			})
		}
	}
}

// CD is for resolvers: what has authority clears it (RFC 4035, section 3.1.6),
// also in answers that are signed, and in those that are cut.
func TestSlowAnswersClearCD(t *testing.T) {
	s := started(t, Config{Answers: answer.Config{TSIG: dnstest.Key, Transfer: func(_ context.Context, r *answer.Request, send func(*dns.Msg) error) error {
		m := new(dns.Msg).SetReply(r.Msg)
		for range 100 {
			m.Answer = append(m.Answer, dnstest.Record(t, "example.com. 1 IN TXT "+strings.Repeat("x", 100)))
		}
		return send(m)
	}}}, dnstest.Zone(t, "example.com.", dnstest.Big))
	for _, m := range []*dns.Msg{
		new(dns.Msg).SetQuestion("ns1.example.com.", dns.TypeA), new(dns.Msg).SetIxfr("example.com.", 1, "a.", "b."),
		new(dns.Msg).SetAxfr("example.com."), new(dns.Msg).SetNotify("example.com."),
	} {
		m.CheckingDisabled = true
		got, err := signedExchange(t, s, "udp", "key.example.", dnstest.Key, time.Now(), m)
		if err != nil || got.CheckingDisabled {
			t.Errorf("%v %s", err, got)
		}
	}
}

func TestTransferHook(t *testing.T) {
	table := tableOf(t, dnstest.Zone(t, "example.com.", dnstest.Big))
	s := serve(t, table, Config{Answers: answer.Config{TSIG: dnstest.Key, Transfer: func(_ context.Context, r *answer.Request, send func(*dns.Msg) error) error {
		if r.Key != "key.example." || !r.Remote.Addr().IsLoopback() {
			return send(new(dns.Msg).SetRcode(r.Msg, dns.RcodeRefused))
		}
		v, ok := table.Zone(r.Msg.Question[0].Name)
		if !ok {
			return errors.New("no such zone")
		}
		for rr := range v.Records() { // one a message
			m := new(dns.Msg).SetReply(r.Msg)
			m.Answer = []dns.RR{rr}
			if err := send(m); err != nil {
				return err
			}
		}
		m := new(dns.Msg).SetReply(r.Msg)
		m.Answer = []dns.RR{v.SOA()}
		return send(m)
	}}})

	transfer := func(zone, key string) (records int, err error) {
		tr := &dns.Transfer{}
		m := new(dns.Msg).SetAxfr(zone)
		if key != "" {
			tr.TsigProvider = dnstest.Key
			m.SetTsig(key, dns.HmacSHA256, 300, time.Now().Unix())
		}
		envelopes, err := tr.In(m, s.Addresses()[0].String())
		if err != nil {
			return 0, err
		}
		for e := range envelopes {
			records += len(e.RR)
			err = errors.Join(err, e.Error)
		}
		return records, err
	}
	v, _ := table.Zone("example.com.")
	if n, err := transfer("example.com.", "key.example."); err != nil || n != v.Len()+1 {
		t.Errorf("%d records of %d, %v", n, v.Len()+1, err)
	}
	if n, err := transfer("example.com.", ""); n != 0 || err == nil || !strings.Contains(err.Error(), "5") {
		t.Errorf("unsigned: %d records, %v", n, err)
	}
	if n, err := transfer("example.net.", "key.example."); n != 0 || err == nil || !strings.Contains(err.Error(), "2") {
		t.Errorf("no such zone: %d records, %v", n, err)
	}
	// By UDP there is one message, and no AXFR.
	m := new(dns.Msg).SetIxfr("example.com.", 1, "a.", "b.")
	if got, err := signedExchange(t, s, "udp", "key.example.", dnstest.Key, time.Now(), m); err != nil || len(got.Answer) != 1 {
		t.Errorf("IXFR by UDP: %v %s", err, got)
	}
	m = new(dns.Msg).SetAxfr("example.com.")
	if got, err := signedExchange(t, s, "udp", "key.example.", dnstest.Key, time.Now(), m); err != nil || got.Rcode != dns.RcodeRefused {
		t.Errorf("AXFR by UDP: %v %s", err, got)
	}
}

func TestLongTransferByUDPIsCut(t *testing.T) {
	s := started(t, Config{Answers: answer.Config{TSIG: dnstest.Key, Transfer: func(_ context.Context, r *answer.Request, send func(*dns.Msg) error) error {
		m := new(dns.Msg).SetReply(r.Msg)
		for range 100 {
			m.Answer = append(m.Answer, dnstest.Record(t, "example.com. 1 IN TXT "+strings.Repeat("x", 100)))
		}
		return send(m)
	}}})
	got, err := signedExchange(t, s, "udp", "key.example.", dnstest.Key, time.Now(), new(dns.Msg).SetIxfr("example.com.", 1, "a.", "b."))
	if err != nil || !got.Truncated || len(got.Answer) != 0 {
		t.Errorf("%v %s", err, got)
	}
}

func TestNotifyHook(t *testing.T) {
	requests := make(chan *answer.Request, 1)
	s := started(t, Config{Answers: answer.Config{TSIG: dnstest.Key, Notify: func(_ context.Context, r *answer.Request) int {
		requests <- r
		return dns.RcodeSuccess
	}}})
	for i, network := range []string{"udp", "tcp"} {
		m := new(dns.Msg).SetNotify("example.com.")
		got, err := signedExchange(t, s, network, "key.example.", dnstest.Key, time.Now(), m)
		if err != nil || got.Rcode != dns.RcodeSuccess || got.Opcode != dns.OpcodeNotify || !got.Authoritative {
			t.Fatalf("%v %s", err, got)
		}
		r := await.Receive(t, requests, "the hook to be asked")
		if r.Key != "key.example." || r.Transport != answer.Transport(i) || r.Msg.Question[0].Name != "example.com." || !r.Remote.Addr().IsLoopback() {
			t.Errorf("%v", r)
		}
	}
}

// TestHooksEndWithTheServer has a hook that waits for what never comes.
func TestHooksEndWithTheServer(t *testing.T) {
	waiting, table := make(chan struct{}), zonedata.New()
	s, err := New(table, Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Answers: answer.Config{Notify: func(ctx context.Context, _ *answer.Request) int {
		close(waiting)
		<-ctx.Done()
		return dns.RcodeServerFailure
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	raw, err := new(dns.Msg).SetNotify("example.com.").Pack()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", s.Addresses()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	await.Receive(t, waiting, "the hook to be asked")
	// Others are answered meanwhile.
	if err := table.Put(dnstest.Zone(t, "example.com.", dnstest.Small)); err != nil {
		t.Fatal(err)
	}
	if got := ask1(t, s, "udp", "ns1.example.com.", dns.TypeA); len(got.Answer) != 1 {
		t.Errorf("%s", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
