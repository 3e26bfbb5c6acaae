package answer

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// HandleSlow answers a message that Handle returned as slow: one that is signed
// (TSIG), a NOTIFY or a request for a transfer. It calls write for each message of
// the answer.
func (r *Responder) HandleSlow(ctx context.Context, raw []byte, remote netip.AddrPort, transport Transport, write func(message []byte) error) error {
	a := &slowReply{responder: r, transport: transport, write: write, limit: dns.MaxMsgSize}
	msg := new(dns.Msg)
	if err := msg.Unpack(raw); err != nil {
		msg = &dns.Msg{MsgHdr: dns.MsgHdr{Id: uint16(raw[0])<<8 | uint16(raw[1])}}
		return a.sendRcode(msg, dns.RcodeFormatError)
	}
	if opt := msg.IsEdns0(); transport == UDP {
		a.limit = dns.MinMsgSize
		if opt != nil {
			a.limit = min(max(int(opt.UDPSize()), dns.MinMsgSize), MaxUDP)
		}
	}
	a.request = &Request{Msg: msg, Remote: remote, Transport: transport}
	if rcode := a.verify(raw); rcode != dns.RcodeSuccess {
		return a.sendRcode(msg, rcode)
	}
	return r.dispatch(ctx, a, raw)
}

func (r *Responder) dispatch(ctx context.Context, a *slowReply, raw []byte) error {
	msg := a.request.Msg
	rrtype := msg.Question[0].Qtype
	if opt := msg.IsEdns0(); opt != nil && opt.Version() > 0 {
		return a.sendRcode(msg, dns.RcodeBadVers)
	}
	switch transfer := rrtype == dns.TypeAXFR || rrtype == dns.TypeIXFR; {
	case msg.Opcode == dns.OpcodeNotify:
		rcode := dns.RcodeRefused
		if r.config.Notify != nil {
			rcode = r.config.Notify(ctx, a.request)
		}
		return a.sendRcode(msg, rcode)
	case transfer && (r.config.Transfer == nil || rrtype == dns.TypeAXFR && a.transport == UDP):
		return a.sendRcode(msg, dns.RcodeRefused)
	case transfer:
		err := r.config.Transfer(ctx, a.request, a.send)
		if err != nil && !a.sent {
			err = errors.Join(err, a.sendRcode(msg, dns.RcodeServerFailure))
		}
		return err
	}
	return a.sendPlain(raw)
}

// slowReply sends what answers one message.
type slowReply struct {
	responder *Responder
	request   *Request
	transport Transport
	limit     int
	write     func([]byte) error
	sent      bool

	tsig   *dns.TSIG // of the request
	failed uint16    // error that its verification ended in
	mac    string    // of the last message, request or answer
}

// verify checks the request's signature and returns the rcode to end with.
func (a *slowReply) verify(raw []byte) int {
	msg := a.request.Msg
	if a.tsig = msg.IsTsig(); a.tsig == nil {
		return dns.RcodeSuccess
	}
	provider := a.responder.config.TSIG
	if provider == nil {
		a.failed = dns.RcodeBadKey
		return dns.RcodeNotAuth
	}
	// Of a copy, as what is verified is overwritten.
	err := dns.TsigVerifyWithProvider(slices.Clone(raw), provider, "", false)
	switch {
	case err == nil:
		a.mac = a.tsig.MAC
		a.request.Key = strings.ToLower(a.tsig.Hdr.Name)
		return dns.RcodeSuccess
	case errors.Is(err, dns.ErrTime):
		a.failed, a.mac = dns.RcodeBadTime, a.tsig.MAC
	case errors.Is(err, dns.ErrSecret), errors.Is(err, dns.ErrKeyAlg):
		a.failed = dns.RcodeBadKey
	default:
		a.failed = dns.RcodeBadSig
	}
	return dns.RcodeNotAuth
}

func (a *slowReply) sendRcode(request *dns.Msg, rcode int) error {
	answer := new(dns.Msg)
	answer.SetRcode(request, rcode)
	answer.Opcode = request.Opcode
	answer.Authoritative = request.Opcode == dns.OpcodeNotify && rcode == dns.RcodeSuccess
	if opt := request.IsEdns0(); opt != nil {
		answer.SetEdns0(MaxUDP, opt.Do())
	}
	return a.send(answer)
}

// sendPlain answers a signed plain query as any other.
func (a *slowReply) sendPlain(raw []byte) error {
	var q query
	var r reply
	var s search
	q.parse(raw)
	r.begin(&q, nil, a.limit-a.tsigSize())
	s.resolve(a.responder.table, &q, &r)
	cookies := cookies{(*secret)(&a.responder.config.CookieSecret), uint32(time.Now().Unix())}
	answer := new(dns.Msg)
	if err := answer.Unpack(r.finish(&q, cookies, a.request.Remote.Addr())); err != nil {
		return err
	}
	return a.send(answer)
}

// tsigSize is how long the signature of an answer is (RFC 8945, section 4.2).
func (a *slowReply) tsigSize() int {
	return len(a.tsig.Hdr.Name) + 1 + 10 + len(a.tsig.Algorithm) + 1 + 16 + len(a.tsig.MAC)/2
}

// send signs and sends an answer.
func (a *slowReply) send(answer *dns.Msg) error {
	if a.sent && a.transport == UDP {
		return errors.New("an answer by UDP is one message")
	}
	answer.Compress = true
	raw, mac, err := a.pack(answer)
	if err == nil && len(raw) > a.limit { // by UDP: the client has to ask by TCP
		cut := new(dns.Msg).SetReply(a.request.Msg)
		cut.Truncated = true
		raw, mac, err = a.pack(cut)
	}
	if err != nil {
		return err
	}
	a.mac = mac
	if !a.sent {
		a.count(answer)
	}
	a.sent = true
	return a.write(raw)
}

func (a *slowReply) count(answer *dns.Msg) {
	rrtype := uint16(0)
	if len(answer.Question) > 0 {
		rrtype = answer.Question[0].Qtype
	}
	a.responder.metrics.shared(a.transport).count(rrtype, answer.Rcode)
}

// pack packs an answer, signed if the request was, and returns the MAC too.
func (a *slowReply) pack(answer *dns.Msg) (raw []byte, mac string, err error) {
	answer.CheckingDisabled = false // RFC 4035, section 3.1.6
	if a.tsig == nil {
		raw, err = answer.Pack()
		return raw, "", err
	}
	now := time.Now()
	tsig := &dns.TSIG{
		Hdr:        dns.RR_Header{Name: a.tsig.Hdr.Name, Rrtype: dns.TypeTSIG, Class: dns.ClassANY},
		Algorithm:  a.tsig.Algorithm,
		TimeSigned: uint64(now.Unix()),
		Fudge:      300,
		OrigId:     answer.Id,
		Error:      a.failed,
	}
	if a.failed == dns.RcodeBadTime { // RFC 8945, section 5.2.3
		tsig.TimeSigned = a.tsig.TimeSigned
		tsig.OtherLen, tsig.OtherData = 6, hex.EncodeToString(uint48(now.Unix()))
	}
	answer.Extra = append(answer.Extra, tsig)
	if a.failed == dns.RcodeBadKey || a.failed == dns.RcodeBadSig {
		raw, err = answer.Pack() // unsigned (RFC 8945, section 5.3.2)
		return raw, "", err
	}
	return dns.TsigGenerateWithProvider(answer, a.responder.config.TSIG, a.mac, a.sent)
}

func uint48(t int64) []byte {
	return []byte{byte(t >> 40), byte(t >> 32), byte(t >> 24), byte(t >> 16), byte(t >> 8), byte(t)}
}
