package zonefile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
)

func TestWrite(t *testing.T) {
	z := record.Zone{Name: "example.com", TTL: 1800, Serial: 1700000009, Primary: "ns1.cloud.test"}
	var records []record.Record
	for _, p := range []string{
		`{"type":"NS","name":"@","data":"ns1.cloud.test."}`,
		`{"type":"A","name":"@","data":"1.2.3.4"}`,
		`{"type":"MX","name":"@","data":"mail.example.net.","priority":10,"ttl":60}`,
		`{"type":"MX","name":"nomail","data":".","priority":0}`,
		`{"type":"SRV","name":"_sip._tcp","data":"sip","priority":1,"weight":2,"port":5060}`,
		`{"type":"CAA","name":"@","data":"letsencrypt.org.","flags":0,"tag":"issue"}`,
		`{"type":"CAA","name":"@","data":"example.com.","flags":128,"tag":"issuewild"}`,
		`{"type":"CAA","name":"@","data":"mailto:a@example.com","flags":0,"tag":"iodef"}`,
		`{"type":"TXT","name":"Txt","data":"say \"ü\" \\ ; ` + strings.Repeat("x", 300) + `"}`,
		`{"type":"CNAME","name":"*.dev","data":"@"}`,
		`{"type":"AAAA","name":"six","data":"2001:DB8::1"}`,
	} {
		r, err := z.NewRecord(domaintest.Params(t, p))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	want := `$ORIGIN example.com.
$TTL 1800
example.com. IN SOA ns1.cloud.test. hostmaster.example.com. 1700000009 10800 3600 604800 1800
example.com. 1800 IN NS ns1.cloud.test.
example.com. 1800 IN A 1.2.3.4
example.com. 60 IN MX 10 mail.example.net.
nomail.example.com. 1800 IN MX 0 .
_sip._tcp.example.com. 1800 IN SRV 1 2 5060 sip.example.com.
example.com. 1800 IN CAA 0 issue "letsencrypt.org"
example.com. 1800 IN CAA 128 issuewild "example.com"
example.com. 1800 IN CAA 0 iodef "mailto:a@example.com"
Txt.example.com. 1800 IN TXT "say \"\195\188\" \\ ; ` + strings.Repeat("x", 255-13) + `" "` + strings.Repeat("x", 300-255+13) + `"
*.dev.example.com. 1800 IN CNAME example.com.
six.example.com. 1800 IN AAAA 2001:DB8::1
`
	if diff := cmp.Diff(want, zonefile.Write(z, records)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
