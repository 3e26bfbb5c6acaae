package transfer

import (
	"context"
	"fmt"
	"iter"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
)

// messageSize is how many bytes of records go in a message, before compression:
// names are only compressed to the first 16 KiB of one.
const messageSize = 16 << 10

// Transfer answers AXFR and IXFR: the server's hook.
func (p *Primary) Transfer(ctx context.Context, r *dns.Request, send func(*mdns.Msg) error) error {
	began := time.Now()
	s := &stream{ctx: ctx, request: r, send: send}
	result, err := p.answer(s)
	if err != nil {
		result = "error"
	}
	p.metrics.transfers.WithLabelValues(mdns.TypeToString[r.Msg.Question[0].Qtype], result).Inc()
	p.metrics.bytes.Add(float64(s.bytes))
	p.metrics.duration.Observe(time.Since(began).Seconds())
	return err
}

func (p *Primary) answer(s *stream) (result string, err error) {
	question := s.request.Msg.Question[0]
	if !p.allowed(s.request) {
		return "refused", s.rcode(mdns.RcodeRefused)
	}
	incremental := question.Qtype == mdns.TypeIXFR
	var has *mdns.SOA
	if incremental {
		if has = soaFirst(s.request.Msg.Ns); has == nil {
			return "formerr", s.rcode(mdns.RcodeFormatError)
		}
	}
	view, changes, ok := p.snapshot(question.Name, has)
	switch {
	case !ok || question.Qclass != mdns.ClassINET:
		return "notauth", s.rcode(mdns.RcodeNotAuth)
	case incremental && int32(has.Serial-view.Serial()) >= 0:
		return "current", s.one(view.SOA())
	case incremental && s.request.Transport == dns.UDP:
		// RFC 1995, section 2: it shall come by TCP.
		return "tcp", s.one(view.SOA())
	case view.Signer() != nil: // always whole: signatures and chain change with each record
		return "signed", s.all(p.signed.all(s.ctx, view))
	case changes != nil && !p.delegates(view): // copies have other records than the zone
		return "incremental", s.all(there(differences(view.SOA(), changes)))
	}
	return "whole", s.all(there(p.whole(view)))
}

func (p *Primary) allowed(r *dns.Request) bool {
	if r.Key != "" {
		return true
	}
	address := r.Remote.Addr().Unmap()
	for _, prefix := range p.config.Allow {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// snapshot returns a zone and what leads to it from what the client has, both
// of one moment.
func (p *Primary) snapshot(origin string, has *mdns.SOA) (dns.View, []change, bool) {
	j := p.journals.lock(origin)
	defer p.journals.unlock(j)
	view, ok := p.server.Zone(origin)
	if !ok || has == nil {
		return view, nil, ok
	}
	return view, p.journals.since(j, has.Serial, view.Serial()), true
}

// there yields records that are all there.
func there(rrs iter.Seq[mdns.RR]) iter.Seq2[mdns.RR, error] {
	return func(yield func(mdns.RR, error) bool) {
		for rr := range rrs {
			if !yield(rr, nil) {
				return
			}
		}
	}
}

// delegates tells whether copies of a zone delegate others. Those of the catalog
// do not: nobody asks in it, and what is hidden would be taken for removed.
func (p *Primary) delegates(view dns.View) bool {
	return view.Delegates() && !p.isCatalog(view.Origin())
}

func (p *Primary) whole(view dns.View) iter.Seq[mdns.RR] {
	records := view.Records()
	if p.delegates(view) {
		records = view.Copy()
	}
	return func(yield func(mdns.RR) bool) {
		for rr := range records {
			if !yield(rr) {
				return
			}
		}
		yield(view.SOA())
	}
}

// copies yields copies of records that others send as well, as miekg/dns writes
// in what it packs.
func copies(rrs []mdns.RR) iter.Seq[mdns.RR] {
	return func(yield func(mdns.RR) bool) {
		for _, rr := range rrs {
			if !yield(mdns.Copy(rr)) {
				return
			}
		}
	}
}

func differences(soa *mdns.SOA, changes []change) iter.Seq[mdns.RR] {
	return func(yield func(mdns.RR) bool) {
		if !yield(soa) {
			return
		}
		for _, c := range changes {
			for _, rrs := range [][]mdns.RR{c.removed, c.added} {
				for rr := range copies(rrs) {
					if !yield(rr) {
						return
					}
				}
			}
		}
		yield(mdns.Copy(soa))
	}
}

// stream sends one answer in as many messages as it needs.
type stream struct {
	ctx     context.Context
	request *dns.Request
	send    func(*mdns.Msg) error
	bytes   int
}

func (s *stream) rcode(rcode int) error {
	return s.send(new(mdns.Msg).SetRcode(s.request.Msg, rcode))
}

func (s *stream) one(rr mdns.RR) error {
	m := s.message()
	m.Answer = []mdns.RR{rr}
	s.bytes += mdns.Len(rr)
	return s.flush(m)
}

// all sends records until there is an error instead of one. What has been sent
// then does not end with the SOA: the client throws it away.
func (s *stream) all(rrs iter.Seq2[mdns.RR, error]) error {
	m, size := s.message(), 0
	for rr, err := range rrs {
		if err != nil {
			return fmt.Errorf("transfer: %w", err)
		}
		n := mdns.Len(rr)
		if size > 0 && size+n > messageSize {
			if err := s.flush(m); err != nil {
				return err
			}
			m, size = s.message(), 0
		}
		m.Answer = append(m.Answer, rr)
		size += n
		s.bytes += n
	}
	return s.flush(m)
}

func (s *stream) message() *mdns.Msg {
	m := new(mdns.Msg).SetReply(s.request.Msg)
	m.Authoritative = true
	return m
}

func (s *stream) flush(m *mdns.Msg) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return s.send(m)
}
