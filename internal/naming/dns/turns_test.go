package dns

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
)

// Proofs for connections wait for their turn; what else they ask for, and who
// asks by UDP, does not.
func TestProofsForConnectionsTakeTurns(t *testing.T) {
	z := parsed(t, "example.com.", signedZone)
	z.Signer = stubSigner{}
	s := started(t, Config{}, z)
	for range cap(s.proofs) {
		s.proofs <- struct{}{}
	}
	address := s.Addresses()[0].String()
	ask := func(network, name string) (*dns.Msg, error) {
		client := &dns.Client{Net: network}
		m, _, err := client.Exchange(new(dns.Msg).SetQuestion(name+".example.com.", dns.TypeA).SetEdns0(4096, true), address)
		return m, err
	}
	waiting := make(chan *dns.Msg)
	go func() {
		m, err := ask("tcp", "none")
		if err != nil {
			t.Error(err)
		}
		waiting <- m
	}()
	for _, other := range []struct{ network, name string }{{"udp", "none"}, {"tcp", "ns1"}} {
		if m, err := ask(other.network, other.name); err != nil || len(m.Answer)+len(m.Ns) < 2 {
			t.Errorf("%s by %s waits as well: %v %v", other.name, other.network, m, err)
		}
	}
	select {
	case m := <-waiting:
		t.Fatalf("answered out of turn: %v", m)
	default:
	}
	<-s.proofs
	if m := await.Receive(t, waiting, "the answer in its turn"); m == nil || m.Rcode != dns.RcodeNameError {
		t.Errorf("in its turn: %v", m)
	}
}
