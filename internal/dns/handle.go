package dns

import (
	"net/netip"

	"github.com/miekg/dns"
)

// worker answers messages, one after another.
type worker struct {
	server    *Server
	transport Transport
	query     query
	reply     reply
}

// handle answers a message into a buffer. It returns nil if there is nothing to
// answer, and whether the message is to be answered aside.
func (w *worker) handle(msg, buf []byte, remote netip.AddrPort) (answered []byte, sideways bool) {
	q, r := &w.query, &w.reply
	verdict := q.parse(msg)
	switch verdict {
	case drop:
		return nil, false
	case aside:
		return nil, true
	}
	r.begin(q, buf, q.limit(w.transport))
	switch {
	case verdict == malformed:
		r.rcode = dns.RcodeFormatError
		q.edns = edns{} // it may not be one
	case verdict == unknown:
		r.rcode = dns.RcodeNotImplemented
	case q.edns.version > 0:
		r.rcode = dns.RcodeBadVers
	case verdict == answer:
		w.server.table.resolve(q, r)
	}
	return r.finish(q), false
}
