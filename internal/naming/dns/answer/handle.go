package answer

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// Worker answers messages, one after another. It is not safe for concurrent use.
type Worker struct {
	responder *Responder
	transport Transport
	figures   *figures
	query     query
	reply     reply
	search    search
	slips     int // answers over the rate limit

	remote  netip.Addr // of the client
	now     time.Time
	cookies cookies
	rate    rate // of the answer
}

// rate says whether an answer is over the rate limit.
type rate int

const (
	uncounted rate = iota
	within
	over
)

// Worker returns a worker for messages of one transport.
func (r *Responder) Worker(transport Transport) *Worker {
	w := &Worker{responder: r, transport: transport, figures: r.metrics.shared(transport)}
	w.search.tooMany = w.tooMany
	if transport == UDP {
		w.figures = r.metrics.own()
	} else {
		w.search.turns = r.proofs
	}
	return w
}

// Observe counts n queries that each took so long, from having been read to
// having been answered.
func (w *Worker) Observe(took time.Duration, n int) { w.figures.observe(took, n) }

// Handle answers a message into a buffer. It returns nil if there is nothing to
// answer, and whether the message is to be answered aside.
func (w *Worker) Handle(msg, buf []byte, remote netip.Addr, now time.Time) (answered []byte, isSlow bool) {
	q, r := &w.query, &w.reply
	verdict := q.parse(msg)
	switch verdict {
	case drop:
		w.figures.drop()
		return nil, false
	case slow:
		return nil, true
	case malformed:
		q.edns = edns{} // it may not be one
	}
	q.edns.idle = w.responder.idle
	q.edns.keep = q.edns.keep && w.transport != UDP
	r.begin(q, buf, q.limit(w.transport))
	w.remote, w.now, w.rate = remote, now, uncounted
	w.cookies = cookies{(*secret)(&w.responder.config.CookieSecret), uint32(now.Unix())}
	switch {
	case verdict == malformed:
		r.rcode = dns.RcodeFormatError
	case verdict == unknown:
		r.rcode = dns.RcodeNotImplemented
	case q.edns.version > 0:
		r.rcode = dns.RcodeBadVers
	case verdict == answer:
		w.search.resolve(w.responder.table, q, r)
	}
	if !w.pass() {
		w.figures.limit()
		return nil, false
	}
	w.figures.count(q.rrtype, r.rcode)
	return r.finish(q, w.cookies, remote), false
}

// tooMany reports whether the answer, whose subject is known, is over the rate
// limit. The answer is counted once.
func (w *Worker) tooMany() bool {
	if w.rate == uncounted {
		w.rate = within
		if w.transport == UDP && !w.isProven() && !w.responder.limiter.take(w.remote, w.reply.subject, w.now) {
			w.rate = over
		}
	}
	return w.rate == over
}

// isProven reports whether the rate limit does not apply to a client by UDP: its
// address is exempt, or its cookie proves the address.
func (w *Worker) isProven() bool {
	if !w.responder.limiter.bounded(w.remote) {
		return true
	}
	if w.query.edns.cookie == nil {
		return false
	}
	good, _ := w.cookies.check(w.query.edns.cookie, w.remote)
	return good
}

// pass applies the rate limit to an answer by UDP. An answer over the limit is
// either not sent, which is false, or reduced to what tells a real client how to
// go on: TC, so that it asks by TCP, or a cookie.
func (w *Worker) pass() bool {
	if !w.tooMany() {
		return true
	}
	limiter, r := w.responder.limiter, &w.reply
	if w.query.edns.cookie != nil { // with ours it passes (RFC 7873, section 5.2.3)
		r.clear()
		r.rcode, r.authoritative = dns.RcodeBadCookie, false
		return true
	}
	if limiter.Slip < 0 {
		return false
	}
	w.slips++
	r.truncated = true
	return w.slips%limiter.Slip == 0
}
