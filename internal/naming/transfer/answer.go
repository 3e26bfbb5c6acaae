package transfer

import (
	"context"
	"fmt"
	"iter"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// messageSize is the most bytes of records in a message, before compression. Names in
// a message can only be compressed to names in its first 16 KiB.
const messageSize = 16 << 10

// Transfer answers AXFR and IXFR. It is the server's hook for them.
func (p *Primary) Transfer(ctx context.Context, r *answer.Request, send func(*mdns.Msg) error) error {
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
	case incremental && (has.Serial == view.Serial() || zone.Later(has.Serial, view.Serial())):
		return "current", s.one(view.SOA())
	case incremental && s.request.Transport == answer.UDP:
		// The client has to ask again by TCP (RFC 1995, section 2).
		return "tcp", s.one(view.SOA())
	case view.Signer() != nil: // always whole, because a change of a record changes signatures and the NSEC chain
		return "signed", s.all(p.signed.all(s.ctx, view))
	case changes != nil && !p.delegates(view): // otherwise copies have records that are not in the zone's changes
		return "incremental", s.all(noErrors(differences(view.SOA(), changes)))
	}
	return "whole", s.all(noErrors(p.whole(view)))
}

func (p *Primary) allowed(r *answer.Request) bool {
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

// snapshot returns a zone and the changes that lead to it from the client's version.
func (p *Primary) snapshot(origin string, has *mdns.SOA) (zonedata.View, []change, bool) {
	j := p.journals.lock(origin)
	defer p.journals.unlock(j)
	view, ok := p.zones.Zone(origin)
	if !ok || has == nil {
		return view, nil, ok
	}
	return view, p.journals.since(j, has.Serial, view.Serial()), true
}

// noErrors yields records without errors.
func noErrors(rrs iter.Seq[mdns.RR]) iter.Seq2[mdns.RR, error] {
	return func(yield func(mdns.RR, error) bool) {
		for rr := range rrs {
			if !yield(rr, nil) {
				return
			}
		}
	}
}

// delegates reports whether copies of a zone contain delegations of other zones here.
// Those of the catalog do not: nobody queries it, and a member that a delegation hid
// would look removed.
func (p *Primary) delegates(view zonedata.View) bool {
	return view.Delegates() && !p.isCatalog(view.Origin())
}

func (p *Primary) whole(view zonedata.View) iter.Seq[mdns.RR] {
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

// copies yields copies of records that other goroutines send as well: miekg/dns writes
// into a record while it packs it.
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
	request *answer.Request
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

// all sends records until the first error. The answer then does not end with the SOA
// record, so the client discards it.
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
