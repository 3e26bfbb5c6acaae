package answer

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// Proofs for connections wait for their turn. Other answers to connections do
// not, nor do proofs by UDP.
func TestProofsForConnectionsTakeTurns(t *testing.T) {
	r := respond(t, Config{}, nil)
	z := dnstest.Zone(t, "example.com.", dnstest.Signed)
	z.Signer = dnstest.Signer{}
	if err := r.table.Put(z); err != nil {
		t.Fatal(err)
	}
	for range cap(r.proofs) {
		r.proofs <- struct{}{}
	}
	ask := func(transport Transport, name string) *dns.Msg {
		m := new(dns.Msg).SetQuestion(name+".example.com.", dns.TypeA).SetEdns0(4096, true)
		return r.Worker(transport).exchange(t, m)
	}
	raw, err := new(dns.Msg).SetQuestion("none.example.com.", dns.TypeA).SetEdns0(4096, true).Pack()
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan []byte)
	go func() { waiting <- r.Worker(TCP).answered(raw) }()
	for _, other := range []struct {
		transport Transport
		name      string
	}{{UDP, "none"}, {TCP, "ns1"}} {
		if m := ask(other.transport, other.name); len(m.Answer)+len(m.Ns) < 2 {
			t.Errorf("%s by %s waits as well: %v", other.name, other.transport, m)
		}
	}
	select {
	case m := <-waiting:
		t.Fatalf("answered out of turn: %x", m)
	default:
	}
	<-r.proofs
	if m := await.Receive(t, waiting, "the answer in its turn"); len(m) < 12 || m[3]&15 != dns.RcodeNameError {
		t.Errorf("in its turn: %x", m)
	}
}
