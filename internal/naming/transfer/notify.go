package transfer

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// Secondary is a name server that gets NOTIFY messages.
type Secondary struct {
	Address netip.AddrPort
	Key     string // name of the key that signs the messages; "" for none
}

const (
	notifyWorkers = 8 // concurrent messages to one secondary
	notifyTries   = 6
	notifyTimeout = 2 * time.Second
	notifyFirst   = time.Second // wait before the second try; it doubles with each try
)

type exchange func(ctx context.Context, m *mdns.Msg, to Secondary) (*mdns.Msg, error)

func (k keys) exchange(ctx context.Context, m *mdns.Msg, to Secondary) (*mdns.Msg, error) {
	client := &mdns.Client{Timeout: notifyTimeout}
	if to.Key != "" {
		client.TsigProvider = k
		name := mdns.CanonicalName(to.Key)
		m.SetTsig(name, k[name].algorithm, 300, time.Now().Unix())
	}
	answer, _, err := client.ExchangeContext(ctx, m, to.Address.String())
	return answer, err
}

// notifier sends NOTIFY messages to one secondary (RFC 1996). Secondaries do not wait
// for each other. A zone that changes again while it is in the queue is sent once.
type notifier struct {
	to       Secondary
	exchange exchange
	soa      func(origin string) *mdns.SOA // the present one; nil if the zone has been removed
	metrics  *metrics

	mu     sync.Mutex
	queue  []string
	queued map[string]bool
	wake   chan struct{}
}

func (n *notifier) add(origin string) {
	n.mu.Lock()
	if !n.queued[origin] {
		n.queued[origin] = true
		n.queue = append(n.queue, origin)
	}
	n.mu.Unlock()
	n.signal()
}

func (n *notifier) signal() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *notifier) next() (origin string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queue) == 0 {
		return "", false
	}
	origin, n.queue = n.queue[0], n.queue[1:]
	delete(n.queued, origin)
	if len(n.queue) > 0 {
		n.signal() // another worker
	}
	return origin, true
}

func (n *notifier) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		}
		for {
			origin, ok := n.next()
			if !ok {
				break
			}
			n.send(ctx, origin)
		}
	}
}

// send sends NOTIFY messages until the secondary answers one, each with the present SOA
// record.
func (n *notifier) send(ctx context.Context, origin string) {
	wait := notifyFirst
	for try := range notifyTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			wait *= 2
		}
		soa := n.soa(origin)
		if soa == nil {
			return
		}
		m := new(mdns.Msg).SetNotify(origin)
		m.Answer = []mdns.RR{soa}
		answer, err := n.exchange(ctx, m, n.to)
		switch {
		case err != nil:
			n.metrics.notifies.WithLabelValues("error").Inc()
		case answer.Rcode == mdns.RcodeSuccess:
			n.metrics.notifies.WithLabelValues("success").Inc()
			return
		default: // the secondary has answered, perhaps that it does not know the zone
			n.metrics.notifies.WithLabelValues("refused").Inc()
			return
		}
	}
}

// Start begins to notify the secondaries. All zones must have been put.
func (p *Primary) Start() {
	for _, n := range p.notifiers {
		for range notifyWorkers {
			p.wg.Go(func() { n.run(p.ctx) })
		}
	}
}

// Close stops notifying secondaries.
func (p *Primary) Close() {
	p.cancel()
	p.wg.Wait()
}

func (p *Primary) notify(origin string) {
	for _, n := range p.notifiers {
		n.add(mdns.CanonicalName(origin))
	}
}

func (p *Primary) soa(origin string) *mdns.SOA {
	view, ok := p.zones.Zone(origin)
	if !ok {
		return nil
	}
	return view.SOA()
}

func (p *Primary) makeNotifiers() error {
	for _, to := range p.config.Secondaries {
		if _, ok := p.keys[mdns.CanonicalName(to.Key)]; to.Key != "" && !ok {
			return fmt.Errorf("transfer: secondary %s: there is no key %s", to.Address, to.Key)
		}
		p.notifiers = append(p.notifiers, &notifier{to: to, exchange: p.keys.exchange, soa: p.soa, metrics: p.metrics,
			queued: map[string]bool{}, wake: make(chan struct{}, 1)})
	}
	return nil
}
