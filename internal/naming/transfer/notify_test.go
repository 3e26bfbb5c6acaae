package transfer

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNotifyIsTriedAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		silent int // so many tries are not answered
		tries  int
		took   time.Duration
	}{
		{"answered at once", 0, 1, 0},
		{"answered at the third try", 2, 3, 3 * time.Second},
		{"never answered", 100, notifyTries, 31 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := newMetrics(nil)
				tries, serial, last := 0, uint32(0), uint32(0)
				n := &notifier{metrics: m, queued: map[string]bool{}, wake: make(chan struct{}, 1),
					soa: func(string) *mdns.SOA { serial++; return &mdns.SOA{Serial: serial} },
					exchange: func(_ context.Context, m *mdns.Msg, _ Secondary) (*mdns.Msg, error) {
						tries++
						last = soaFirst(m.Answer).Serial
						if tries <= test.silent {
							return nil, errors.New("timeout")
						}
						return new(mdns.Msg).SetReply(m), nil
					}}
				began := time.Now()
				n.send(t.Context(), "example.com.")
				if tries != test.tries || time.Since(began) != test.took || last != uint32(tries) {
					t.Errorf("%d tries in %v, the last with serial %d", tries, time.Since(began), last)
				}
			})
		})
	}
}

func TestAZoneIsQueuedOnce(t *testing.T) {
	n := &notifier{queued: map[string]bool{}, wake: make(chan struct{}, 1)}
	for range 3 {
		n.add("a.")
	}
	n.add("b.")
	if len(n.queue) != 2 {
		t.Errorf("%v", n.queue)
	}
}

// A peer with the key verifies the NOTIFY message.
func TestNotifyIsSigned(t *testing.T) {
	secrets, err := newKeys(testKeys)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan *answer.Request, 10)
	peer, err := dns.New(zonedata.New(), dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Answers: answer.Config{TSIG: secrets,
		Notify: func(_ context.Context, r *answer.Request) int {
			told <- r
			return mdns.RcodeSuccess
		}}})
	if err := errors.Join(err, peer.Start()); err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	for _, test := range []struct{ key, want string }{{"", ""}, {"k256.", "k256."}, {"K384", "k384."}, {"k512.", "k512."}} {
		p, _ := started(t, Config{Keys: testKeys, Secondaries: []Secondary{{Address: peer.Addresses()[0], Key: test.key}}}, 1)
		answers := make(chan *mdns.Msg, 1)
		n := p.notifiers[0]
		ask := n.exchange
		n.exchange = func(ctx context.Context, m *mdns.Msg, to Secondary) (*mdns.Msg, error) {
			answer, err := ask(ctx, m, to)
			if err != nil {
				t.Error(err)
			}
			answers <- answer
			return answer, err
		}
		p.Start()
		if r := <-told; r.Key != test.want || r.Msg.Opcode != mdns.OpcodeNotify || soaFirst(r.Msg.Answer).Hdr.Name != "example.com." {
			t.Errorf("by the key %q: %v", r.Key, r.Msg)
		}
		if answer := <-answers; answer == nil || (answer.IsTsig() != nil) != (test.key != "") {
			t.Errorf("by the key %q it answers %v", test.key, answer)
		}
		p.Close()
	}
}

func TestASecondaryNeedsAKnownKey(t *testing.T) {
	_, err := New(zonedata.New(), Config{Keys: testKeys, Secondaries: []Secondary{{Address: netip.MustParseAddrPort("192.0.2.1:53"), Key: "k128."}}})
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1:53") || !strings.Contains(err.Error(), "k128.") {
		t.Error(err)
	}
}
