package answer

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// FuzzAnswer has a server answer whatever bytes: it must not panic, and what it
// answers must be a message, short enough, about the question.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		header + ns1A, withOPT + ns1A + opt, withOPT + ns1A + "00 0029 04d0 00008000 000c 000a 0008 0102030405060708",
		header + "03 777777 07 6578616d706c65 03 636f6d 00 0001 0001", header + "01 78 03 737562 07 6578616d706c65 03 636f6d 00 00ff 0001",
		header + "07 6578616d706c65 03 636f6d 00 000f 0001", header + ns1Name + "00fb 0001", "beef 2000 0001 0000 0000 0000" + ns1A,
		header + "01 61 02 636e 07 6578616d706c65 03 636f6d 00 001c 0001", header + "03 5f6e6f 04 5f746370 07 6578616d706c65 03 636f6d 00 0021 0001",
		withOPT + ns1A + "03 6b6579 00 00fa 00ff 00000000 001a 08 686d61632d6d6435 00 000000000000 012c 0000 beef 0000 0000",
	} {
		f.Add(bytesOf(f, seed), true)
		f.Add(bytesOf(f, seed), false)
	}
	unbounded := RateLimit{PerSecond: -1}
	w := served(f, Config{TSIG: dnstest.Keys{"key.": "c2VjcmV0"}, RateLimit: unbounded}, map[string]string{"example.com.": dnstest.Big, "child.example.com.": dnstest.Child})
	signed := served(f, Config{RateLimit: unbounded}, nil)
	z := dnstest.Zone(f, "example.com.", dnstest.Big)
	z.Signer = dnstest.Signer{}
	if err := signed.responder.table.Put(z); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte, tcp bool) {
		for _, w := range []*Worker{w, signed} {
			w.transport = UDP
			if tcp {
				w.transport = TCP
			}
			checkAnswer(t, w, raw)
		}
	})
}

func checkAnswer(t *testing.T, w *Worker, raw []byte) {
	answer := w.answered(raw)
	if answer == nil {
		return
	}
	got := new(dns.Msg)
	if err := got.Unpack(answer); err != nil {
		t.Fatalf("%x is answered by %x: %v", raw, answer, err)
	}
	if repacked, err := got.Pack(); err != nil {
		t.Fatalf("%x is answered by %x: %v, %x", raw, answer, err, repacked)
	}
	if w.transport == UDP && len(answer) > MaxUDP {
		t.Fatalf("%x is answered by %d bytes", raw, len(answer))
	}
	if !got.Response || answer[0] != raw[0] || answer[1] != raw[1] {
		t.Fatalf("%x is answered by %x, which is no answer to it", raw, answer)
	}
	asked := new(dns.Msg)
	if err := asked.Unpack(raw); err != nil || got.Rcode == dns.RcodeFormatError {
		return
	}
	if asked.IsEdns0() == nil && w.transport == UDP && len(answer) > dns.MinMsgSize {
		t.Fatalf("%x is answered by %d bytes", raw, len(answer))
	}
	if len(got.Question) == 1 && (len(asked.Question) != 1 || got.Question[0] != asked.Question[0]) {
		t.Fatalf("%x is answered by %x, about another question", raw, answer)
	}
}

// FuzzPut puts whatever zone can be read: either it is refused, or all of its
// records can be read back, put again, and asked for.
func FuzzPut(f *testing.F) {
	for _, text := range []string{dnstest.Big, dnstest.Child, dnstest.Small, dnstest.Signed, "@ SOA ", "A\n", "@ SOA . . 1 1 1 1 1\n\\000.a A 192.0.2.1\n*.*.* NS .\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		z := zone.Zone{Origin: "example.com."}
		p := dns.NewZoneParser(strings.NewReader("$TTL 300\n"+text), z.Origin, "")
		for rr, ok := p.Next(); ok && len(z.Records) < 200; rr, ok = p.Next() {
			z.Records = append(z.Records, rr)
		}
		s := zonedata.New()
		r := New(s, Config{RateLimit: RateLimit{PerSecond: -1}}, 0)
		if s.Put(z) != nil {
			return
		}
		v, _ := s.Zone(z.Origin)
		before := linesOf(v)
		z.Records = slices.Collect(v.Records())
		if err := s.Put(z); err != nil {
			t.Fatalf("what was read back is refused: %v", err)
		}
		v, _ = s.Zone(z.Origin)
		if after := linesOf(v); !slices.Equal(before, after) || v.Len() != len(after) {
			t.Fatalf("put again: %q is %q", before, after)
		}
		for _, rr := range z.Records {
			m := new(dns.Msg).SetQuestion(rr.Header().Name, rr.Header().Rrtype)
			raw, err := m.Pack()
			if err != nil {
				t.Fatal(err)
			}
			for _, transport := range []Transport{UDP, TCP} {
				w := r.Worker(transport)
				checkAnswer(t, w, raw)
			}
		}
	})
}
