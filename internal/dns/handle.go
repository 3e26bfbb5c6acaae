package dns

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// worker answers messages, one after another.
type worker struct {
	server    *Server
	transport Transport
	figures   *figures
	query     query
	reply     reply
	search    search
	slips     int // answers over the bound of the rate
}

func (s *Server) worker(transport Transport) *worker {
	return &worker{server: s, transport: transport, figures: s.metrics.shared(transport)}
}

// handle answers a message into a buffer. It returns nil if there is nothing to
// answer, and whether the message is to be answered aside.
func (w *worker) handle(msg, buf []byte, remote netip.Addr, now time.Time) (answered []byte, sideways bool) {
	q, r := &w.query, &w.reply
	verdict := q.parse(msg)
	switch verdict {
	case drop:
		w.figures.drop()
		return nil, false
	case aside:
		return nil, true
	case malformed:
		q.edns = edns{} // it may not be one
	}
	q.edns.idle = uint16(min(w.server.config.IdleTimeout/(100*time.Millisecond), 0xFFFF))
	q.edns.keep = q.edns.keep && w.transport != UDP
	r.begin(q, buf, q.limit(w.transport))
	switch {
	case verdict == malformed:
		r.rcode = dns.RcodeFormatError
	case verdict == unknown:
		r.rcode = dns.RcodeNotImplemented
	case q.edns.version > 0:
		r.rcode = dns.RcodeBadVers
	case verdict == answer:
		w.server.table.resolve(q, r, &w.search)
	}
	cookies := cookies{(*secret)(&w.server.config.CookieSecret), uint32(now.Unix())}
	if w.transport == UDP && !w.pass(cookies, remote, now) {
		w.figures.limit()
		return nil, false
	}
	w.figures.count(q.rrtype, r.rcode)
	return r.finish(q, cookies, remote), false
}

// pass holds an answer by UDP to the rate. If it is over it, the answer shrinks
// to what helps a client that is not forged, or is not sent.
func (w *worker) pass(cookies cookies, remote netip.Addr, now time.Time) bool {
	limiter, r := w.server.limiter, &w.reply
	if !limiter.bounded(remote) {
		return true
	}
	cookie := w.query.edns.cookie
	if cookie != nil {
		if good, _ := cookies.check(cookie, remote); good {
			return true
		}
	}
	if limiter.take(remote, r.subject, now) {
		return true
	}
	if cookie != nil { // with ours it passes (RFC 7873, section 5.2.3)
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
