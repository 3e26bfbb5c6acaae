package answer

import (
	"context"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// answered has raw bytes answered, whichever way they take; nil if they are not.
func (w *Worker) answered(raw []byte) []byte {
	answer, slow := w.Handle(raw, nil, someone, time.Now())
	if slow {
		_ = w.responder.HandleSlow(context.Background(), raw, netip.AddrPortFrom(someone, 53), w.transport, func(msg []byte) error {
			answer = msg
			return nil
		})
	}
	return answer
}

const (
	header  = "beef 0000 0001 0000 0000 0000" // one question
	withOPT = "beef 0000 0001 0000 0000 0001"
	ns1Name = "03 6e7331 07 6578616d706c65 03 636f6d 00"
	ns1A    = ns1Name + "0001 0001"
	opt     = "00 0029 04d0 00000000 0000"
)

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestMessages(t *testing.T) {
	const (
		good    = "NOERROR aa\nan ns1.example.com. 300 A 192.0.2.1"
		dropped = "dropped"
	)
	label63 := "3f" + strings.Repeat("61", 63)
	w := served(t, Config{}, map[string]string{"example.com.": dnstest.Big, ".": "@ SOA a b 1 1 1 1 1"})
	for _, test := range []struct{ name, raw, want string }{
		{"plain", header + ns1A, good},
		{"empty", "", dropped},
		{"one byte", "be", dropped},
		{"eleven bytes", "beef 0000 0001 0000 0000 00", dropped},
		{"an answer", "beef 8000 0001 0000 0000 0000" + ns1A, dropped},
		{"an answer that is malformed", "beef 8000 0001 0000 0000 0000", dropped},
		{"only a header", header, "FORMERR"},
		{"no question", "beef 0000 0000 0000 0000 0000", "FORMERR"},
		{"two questions", "beef 0000 0002 0000 0000 0000" + ns1A + ns1A, "FORMERR"},
		{"65535 questions", "beef 0000 ffff 0000 0000 0000" + ns1A, "FORMERR"},
		{"an answer in a query", "beef 0000 0001 0001 0000 0000" + ns1A + "00 0001 0001 00000000 0004 01020304", "FORMERR"},
		{"an authority in a query", "beef 0000 0001 0000 0001 0000" + ns1A + "00 0001 0001 00000000 0004 01020304", "FORMERR"},
		{"an answer that is counted only", "beef 0000 0001 0001 0000 0000" + ns1A, "FORMERR"},
		{"an additional record that is counted only", withOPT + ns1A, "FORMERR"},
		{"65535 additional records", "beef 0000 0001 0000 0000 ffff" + ns1A, "FORMERR"},
		{"some additional record", withOPT + ns1A + "00 0001 0001 00000000 0004 01020304", good},
		{"an additional record, cut", withOPT + ns1A + "00 0001 0001 00000000 0004 010203", "FORMERR"},
		{"an additional record with a pointer", withOPT + ns1A + "c00c 0001 0001 00000000 0004 01020304", good},
		{"an additional record with half a pointer", withOPT + ns1A + "c0", "FORMERR"},
		{"garbage behind", header + ns1A + "00", "FORMERR"},
		{"garbage behind OPT", withOPT + ns1A + opt + "ff", "FORMERR"},

		{"inverse query", "beef 0800 0001 0000 0000 0000" + ns1A, "NOTIMP"},
		{"status", "beef 1000 0001 0000 0000 0000" + ns1A, "NOTIMP"},
		{"notify, and nobody wants it", "beef 2000 0001 0000 0000 0000" + ns1A, "REFUSED"},
		{"update", "beef 2800 0001 0000 0000 0000" + ns1A, "NOTIMP"},
		{"stateful", "beef 3000 0000 0000 0000 0000", "NOTIMP"},
		{"opcode 15", "beef 7800 0001 0000 0000 0000" + ns1A, "NOTIMP"},
		{"AXFR by UDP", header + ns1Name + "00fc 0001", "REFUSED"},
		{"IXFR, and nobody transfers", header + ns1Name + "00fb 0001", "REFUSED"},

		{"recursion desired", "beef 0100 0001 0000 0000 0000" + ns1A, strings.Replace(good, "aa", "aa rd", 1)},
		{"checking disabled", "beef 0010 0001 0000 0000 0000" + ns1A, good},
		{"all flags, and an rcode", "beef 07ff 0001 0000 0000 0000" + ns1A, strings.Replace(good, "aa", "aa rd", 1)},

		{"class CHAOS", header + ns1Name + "0001 0003", "REFUSED"},
		{"version.bind", header + "07 76657273696f6e 04 62696e64 00 0010 0003", "REFUSED"},
		{"hostname.bind", header + "08 686f73746e616d65 04 62696e64 00 0010 0003", "REFUSED"},
		{"id.server", header + "02 6964 06 736572766572 00 0010 0003", "REFUSED"},
		{"version.bind of class IN", header + "07 76657273696f6e 04 62696e64 00 0010 0001", "NXDOMAIN aa\nau . 1 SOA 1"},
		{"class HESIOD", header + ns1Name + "0001 0004", "REFUSED"},
		{"class NONE", header + ns1Name + "0001 00fe", "REFUSED"},
		{"class ANY", header + ns1Name + "0001 00ff", "REFUSED"},
		{"class 0", header + ns1Name + "0001 0000", "REFUSED"},

		{"a pointer to itself", header + "c00c 0001 0001", "FORMERR"},
		{"a pointer to the header", header + "c000 0001 0001", "FORMERR"},
		{"a pointer ahead", header + "c012 0001 0001 03 636f6d 00", "FORMERR"},
		{"a pointer behind a label", header + "03 636f6d c00c 0001 0001", "FORMERR"},
		{"a label of 64 bytes", header + "40" + strings.Repeat("61", 64) + "00 0001 0001", "FORMERR"},
		{"a bit string label", header + "41 08 ff 00 0001 0001", "FORMERR"},
		{"a label of kind 10", header + "80 61 00 0001 0001", "FORMERR"},
		{"a label of 63 bytes", header + label63 + "00 0001 0001", "NXDOMAIN aa\nau . 1 SOA 1"},
		{"a name of 255 bytes", header + strings.Repeat(label63, 3) + "3d" + strings.Repeat("61", 61) + "00 0001 0001", "NXDOMAIN aa\nau . 1 SOA 1"},
		{"a name of 256 bytes", header + strings.Repeat(label63, 3) + "3e" + strings.Repeat("61", 62) + "00 0001 0001", "FORMERR"},
		{"a name of 127 labels", header + strings.Repeat("0161", 127) + "00 0001 0001", "NXDOMAIN aa\nau . 1 SOA 1"},
		{"a name of 128 labels", header + strings.Repeat("0161", 128) + "00 0001 0001", "FORMERR"},
		{"a name without an end", header + "03 636f6d", "FORMERR"},
		{"the root", header + "00 0002 0001", "NOERROR aa\nau . 1 SOA 1"},
		{"bytes that are no letters", header + "05 00ff2e5c20 00 0001 0001", "NXDOMAIN aa\nau . 1 SOA 1"},

		{"EDNS", withOPT + ns1A + opt, good + "\nOPT 0 1232"},
		{"EDNS behind another record", "beef 0000 0001 0000 0000 0002" + ns1A + "00 0001 0001 00000000 0000" + opt, good + "\nOPT 0 1232"},
		{"DNSSEC is wanted", withOPT + ns1A + "00 0029 04d0 00008000 0000", good + "\nOPT 0 1232 do"},
		{"all flags of EDNS", withOPT + ns1A + "00 0029 04d0 0000ffff 0000", good + "\nOPT 0 1232 do"},
		{"EDNS with an rcode", withOPT + ns1A + "00 0029 04d0 ff000000 0000", good + "\nOPT 0 1232"},
		{"EDNS of size 0", withOPT + ns1A + "00 0029 0000 00000000 0000", good + "\nOPT 0 1232"},
		{"EDNS 1", withOPT + ns1A + "00 0029 04d0 00010000 0000", "BADVERS\nOPT 0 1232"},
		{"EDNS 255", withOPT + ns1A + "00 0029 04d0 00ff8000 0000", "BADVERS\nOPT 0 1232 do"},
		{"EDNS of a name", withOPT + ns1A + "01 61 00 0029 04d0 00000000 0000", "FORMERR"},
		{"EDNS twice", "beef 0000 0001 0000 0000 0002" + ns1A + opt + opt, "FORMERR"},
		{"EDNS among answers", "beef 0000 0001 0001 0000 0000" + ns1A + opt, "FORMERR"},
		{"EDNS, cut", withOPT + ns1A + "00 0029 04d0 00000000 00", "FORMERR"},
		{"EDNS with data that is counted only", withOPT + ns1A + "00 0029 04d0 00000000 0004", "FORMERR"},
		{"name server identifier", withOPT + ns1A + "00 0029 04d0 00000000 0004 0003 0000", good + "\nOPT 0 1232"},
		{"client subnet", withOPT + ns1A + "00 0029 04d0 00000000 000b 0008 0007 0001 1800 c00002", good + "\nOPT 0 1232"},
		{"an unknown option", withOPT + ns1A + "00 0029 04d0 00000000 0006 fde9 0002 abcd", good + "\nOPT 0 1232"},
		{"an option that is cut", withOPT + ns1A + "00 0029 04d0 00000000 0005 fde9 0002 ab", "FORMERR"},
		{"an option without a length", withOPT + ns1A + "00 0029 04d0 00000000 0002 fde9", "FORMERR"},
		{"an opcode and EDNS 1", "beef 2800 0001 0000 0000 0001" + ns1A + "00 0029 04d0 00010000 0000", "NOTIMP\nOPT 0 1232"},
		{"an opcode and a record that is cut", "beef 2800 0001 0000 0000 0001" + ns1A + "00 0029 04d0 00010000 00", "NOTIMP"},
		{"a cookie of 7 bytes", withOPT + ns1A + "00 0029 04d0 00000000 000b 000a 0007 01020304050607", "FORMERR"},
		{"a cookie of 9 bytes", withOPT + ns1A + "00 0029 04d0 00000000 000d 000a 0009 010203040506070809", "FORMERR"},
		{"a cookie of 41 bytes", withOPT + ns1A + "00 0029 04d0 00000000 002d 000a 0029" + strings.Repeat("01", 41), "FORMERR"},

		{"TSIG that is not last", "beef 0000 0001 0000 0000 0002" + ns1A + "00 00fa 00ff 00000000 0000" + opt, "FORMERR"},
		{"TSIG among answers", "beef 0000 0001 0001 0000 0000" + ns1A + "00 00fa 00ff 00000000 0000", "FORMERR"},
		{"TSIG without data", withOPT + ns1A + "00 00fa 00ff 00000000 0000", "FORMERR"},
	} {
		t.Run(test.name, func(t *testing.T) {
			raw := bytesOf(t, test.raw)
			got := dropped
			if answer := w.answered(raw); answer != nil {
				got = shownRaw(t, answer, raw)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.raw, diff)
			}
		})
	}
}

// shownRaw is shown, with OPT, for the answer to a message; it checks what all
// answers have.
func shownRaw(t *testing.T, answer, query []byte) string {
	m := new(dns.Msg)
	if err := m.Unpack(answer); err != nil {
		t.Fatalf("%x: %v", answer, err)
	}
	if answer[0] != query[0] || answer[1] != query[1] {
		t.Errorf("the answer's id is %x", answer[:2])
	}
	if !m.Response || m.Zero || answer[2]>>3&15 != query[2]>>3&15 {
		t.Errorf("wrong flags: %x", answer[2:4])
	}
	text := shown(m)
	if o := m.IsEdns0(); o != nil {
		text += strings.TrimRight("\nOPT "+string('0'+rune(o.Version()))+" "+strconv.Itoa(int(o.UDPSize()))+" "+map[bool]string{true: "do"}[o.Do()], " ")
		if len(o.Option) > 0 {
			text += " " + o.String()
		}
	}
	return text
}

func TestCutMessages(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": dnstest.Big})
	whole := bytesOf(t, withOPT+ns1A+"00 0029 04d0 00000000 000c 000a 0008 0102030405060708")
	for length := range len(whole) {
		answer := w.answered(whole[:length])
		switch {
		case length < 12 && answer != nil:
			t.Errorf("%d bytes are answered", length)
		case length >= 12 && (len(answer) < 12 || answer[3]&15 != dns.RcodeFormatError):
			t.Errorf("%d bytes are answered by %x", length, answer)
		}
	}
}

// TestKeepalive has the option of RFC 7828, which is for connections only.
func TestKeepalive(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": dnstest.Big})
	raw := bytesOf(t, withOPT+ns1A+"00 0029 04d0 00000000 0010 000b 0000 000a 0008 0102030405060708")
	for _, test := range []struct {
		transport Transport
		want      uint16 // tenths of a second; 0: no option
	}{{UDP, 0}, {TCP, 120}, {TLS, 120}} {
		w.transport = test.transport
		m := new(dns.Msg)
		if err := m.Unpack(w.answered(raw)); err != nil {
			t.Fatal(err)
		}
		got := uint16(0)
		for _, o := range m.IsEdns0().Option {
			if o, ok := o.(*dns.EDNS0_TCP_KEEPALIVE); ok {
				got = o.Timeout
			}
		}
		if got != test.want || len(m.Answer) != 1 {
			t.Errorf("%s: %d, want %d; %s", test.transport, got, test.want, m)
		}
	}
}

func TestFormErrRepeatsTheQuestion(t *testing.T) {
	w := served(t, Config{}, nil)
	raw := bytesOf(t, header+ns1A+"00")
	want := append([]byte{0xbe, 0xef, 0x80, 0x01, 0, 1, 0, 0, 0, 0, 0, 0}, raw[12:len(raw)-1]...)
	if diff := cmp.Diff(want, w.answered(raw)); diff != "" {
		t.Error(diff)
	}
}
