package answer

import (
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// TestForwardedTSIG has a signed query that somebody has forwarded under an id
// of their own (RFC 8945, section 4.2).
func TestForwardedTSIG(t *testing.T) {
	w := served(t, Config{TSIG: dnstest.Key}, map[string]string{"example.com.": dnstest.Big})
	m := new(dns.Msg).SetQuestion("mail.example.com.", dns.TypeA).SetEdns0(1232, true)
	m.Id = 1
	m.SetTsig("key.example.", dns.HmacSHA256, 300, time.Now().Unix())
	raw, mac, err := dns.TsigGenerateWithProvider(m, dnstest.Key, "", false)
	if err != nil {
		t.Fatal(err)
	}
	raw[1] = 2
	before := slices.Clone(raw)
	answer := w.answered(raw)
	got := new(dns.Msg)
	if err := got.Unpack(answer); err != nil {
		t.Fatal(err)
	}
	if got.Id != 2 || len(got.Answer) != 2 || got.IsEdns0() == nil || !got.IsEdns0().Do() {
		t.Errorf("%s", got)
	}
	if err := dns.TsigVerifyWithProvider(answer, dnstest.Key, mac, false); err != nil {
		t.Error(err)
	}
	if !slices.Equal(raw, before) {
		t.Error("the query was overwritten")
	}
}
