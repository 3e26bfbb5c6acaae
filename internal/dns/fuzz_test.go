package dns

import (
	"testing"

	"github.com/miekg/dns"
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
	w := served(f, Config{TSIG: keys{"key.": "c2VjcmV0"}}, map[string]string{"example.com.": big, "child.example.com.": child})
	signed := served(f, Config{}, nil)
	z := parsed(f, "example.com.", big)
	z.Signer = stubSigner{}
	if err := signed.server.Put(z); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte, tcp bool) {
		for _, w := range []*worker{w, signed} {
			w.transport = UDP
			if tcp {
				w.transport = TCP
			}
			checkAnswer(t, w, raw)
		}
	})
}

func checkAnswer(t *testing.T, w *worker, raw []byte) {
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
	if w.transport == UDP && len(answer) > maxUDP {
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
