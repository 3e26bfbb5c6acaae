package zonefile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, text string
		records    []string
		problems   []string
	}{
		{"empty", "", nil, nil},
		{"only comments", "; nothing\n\n  ; here\n", nil, nil},
		{"owners go on", "www 60 IN A 1.2.3.4\n    60 IN A 1.2.3.5\n\tAAAA ::1\n", []string{"1 A www 1.2.3.4 60", "2 A www 1.2.3.5 60", "3 AAAA www ::1 60"}, nil},
		{"origins", "$ORIGIN dev.example.com.\na A 1.2.3.4\n@ A 1.2.3.5\n$ORIGIN x\na A 1.2.3.6\n",
			[]string{"2 A a.dev 1.2.3.4 1800", "3 A dev 1.2.3.5 1800", "5 A a.x.dev 1.2.3.6 1800"}, nil},
		{"the root as origin", "$ORIGIN .\nexample.com A 1.2.3.4\n", []string{"2 A @ 1.2.3.4 1800"}, nil},
		{"TTLs", "a A 1.2.3.4\n$TTL 1h\nb A 1.2.3.4\nc 60 A 1.2.3.4\nd A 1.2.3.4\n",
			[]string{"1 A a 1.2.3.4 1800", "3 A b 1.2.3.4 3600", "4 A c 1.2.3.4 60", "5 A d 1.2.3.4 3600"}, nil},
		{"the last TTL where there is no $TTL", "a 60 A 1.2.3.4\nb A 1.2.3.4\n", []string{"1 A a 1.2.3.4 60", "2 A b 1.2.3.4 60"}, nil},
		{"TTL and class in either order", "a IN 60 A 1.2.3.4\nb 60 IN A 1.2.3.4\n", []string{"1 A a 1.2.3.4 60", "2 A b 1.2.3.4 60"}, nil},
		{"several lines", "@ SOA ns hostmaster (\n 5 ; serial\n 1 2 3 400 )\na A 1.2.3.4\n", []string{"4 A a 1.2.3.4 400"},
			[]string{"warning in line 1, ttl: No TTL is stated: the minimum of the SOA record is taken, 400"}},
		{"no TTL, and the minimum is too low", "@ SOA a b 1 2 3 4 5\na A 1.2.3.4\n", []string{"2 A a 1.2.3.4 30"},
			[]string{"warning in line 1, ttl: No TTL is stated, and the minimum of the SOA record is too low: the least TTL is taken, 30"}},
		{"no TTL, and records before the SOA", "a A 1.2.3.4\n@ SOA a b 1 2 3 4 500\nb A 1.2.3.4\n", []string{"1 A a 1.2.3.4 500", "3 A b 1.2.3.4 500"},
			[]string{"warning in line 2, ttl: No TTL is stated: the minimum of the SOA record is taken, 500"}},
		{"a TTL after the SOA", "@ SOA a b 1 2 3 4 500\na A 1.2.3.4\nb 60 A 1.2.3.4\nc A 1.2.3.4\n$TTL 70\nd A 1.2.3.4\n",
			[]string{"2 A a 1.2.3.4 500", "3 A b 1.2.3.4 60", "4 A c 1.2.3.4 500", "6 A d 1.2.3.4 70"},
			[]string{"warning in line 1, ttl: No TTL is stated: the minimum of the SOA record is taken, 500"}},
		{"the TTL is stated before the SOA", "a 60 A 1.2.3.4\n@ SOA a b 1 2 3 4 500\nb A 1.2.3.4\n", []string{"1 A a 1.2.3.4 60", "3 A b 1.2.3.4 60"}, nil},
		{"the TTL that is stated is that which others have", "@ 1800 SOA a b 1 2 3 4 500\nb A 1.2.3.4\n", []string{"2 A b 1.2.3.4 1800"}, nil},
		{"the TTL of the SOA", "@ 60 SOA a b 1 2 3 4 500\nb A 1.2.3.4\n", []string{"2 A b 1.2.3.4 60"}, nil},
		{"a long string", "a TXT \"" + strings.Repeat(`\120`, 256) + "\"\nb TXT \"" + strings.Repeat("x", 255) + "\" y\n",
			[]string{"1 TXT a " + strings.Repeat("x", 256) + " 1800", "2 TXT b " + strings.Repeat("x", 255) + "y 1800"},
			[]string{"warning in line 1, data: A string of 256 bytes is cut into several: DNS has strings of 255 bytes at the most"}},
		{"the end of lines of DOS", "a A 1.2.3.4\r\nb A 1.2.3.5\r\n", []string{"1 A a 1.2.3.4 1800", "2 A b 1.2.3.5 1800"}, nil},
		{"no end of the last line", "a A 1.2.3.4", []string{"1 A a 1.2.3.4 1800"}, nil},
		{"texts", `a TXT plain "a;b" "c\"d" ; no text` + "\n" + `b TXT a\;b\032c` + "\n", []string{`1 TXT a "plain" "a;b" "c\"d" 1800`, `2 TXT b a;b c 1800`}, nil},
		{"hosts", "a MX 10 mail\na MX 20 mail.example.net.\na NS @\nb SRV 1 2 3 .\n",
			[]string{"1 MX a mail.example.com 1800 priority=10", "2 MX a mail.example.net 1800 priority=20", "3 NS a @ 1800", "4 SRV b . 1800 priority=1 port=3 weight=2"}, nil},
		{"CAA", "@ CAA 0 issue \"ca.example.net; a=b\"\n@ CAA 0 issue \";\"\n@ CAA 0 issuewild \"example.com\"\n@ CAA 0 iodef \"https://example.net/\"\n",
			[]string{"1 CAA @ ca.example.net; a=b 1800 flags=0 tag=issue", "2 CAA @ ; 1800 flags=0 tag=issue", "3 CAA @ @ 1800 flags=0 tag=issuewild", "4 CAA @ https://example.net/ 1800 flags=0 tag=iodef"}, nil},
		{"CAA that nobody may issue by", "@ CAA 0 issue \"\"\n", []string{"1 CAA @ ; 1800 flags=0 tag=issue"}, nil},
		{"what is in the form that nobody needs to know", "a TYPE1 \\# 4 01020304\n", []string{"1 A a 1.2.3.4 1800"}, nil},

		{"problems don't hide others", "a A 1.2.3\nb A 1.2.3.4\nc FOO x\nd A 1.2.3.4 5\n", []string{"2 A b 1.2.3.4 1800"},
			[]string{`error in line 1: Can't be read: bad A A: "1.2.3"`, `error in line 3: Can't be read: neither a type nor a class nor a TTL: "FOO"`, `error in line 4: Can't be read: garbage after rdata: "5"`}},
		{"rules", "a.example.net. A 1.2.3.4\nb 5 A 1.2.3.4\n*.c NS x.\n*.x.* A 1.2.3.4\n", nil,
			[]string{"error in line 1, name: Name must be inside the domain", "error in line 2, ttl: TTL must be greater than or equal to 30",
				"error in line 3, name: Name is invalid: NS records can't be wildcards", "error in line 4, name: Name is invalid: * must be the whole leftmost label"}},
		{"types of signing", "@ NSEC a.example.com. A\na NSEC example.com. A\n@ DNSKEY 257 3 13 AAAA\n@ TYPE65534 \\# 5 0d00010001\n", nil,
			[]string{"warning in line 1, type: NSEC records are left out, all 2: the name server makes its own when it signs the domain",
				"warning in line 3, type: DNSKEY records are left out: the name server makes its own when it signs the domain. The parent's DS records of these must be gone before the domain is served from here",
				"warning in line 4, type: TYPE65534 records are left out: the name server makes its own when it signs the domain"}},
		{"types that speak of elsewhere", "sub DS 1 13 2 00\n@ ZONEMD 1 1 1 00\n", nil,
			[]string{"warning in line 1, type: DS records are left out: domains have no such records here, so nobody can validate what is delegated, except to domains here",
				"warning in line 2, type: ZONEMD records are left out: they are digests of the zone as it was elsewhere"}},
		{"other types", "@ TYPE65280 \\# 1 00\n1 PTR a.\n", nil,
			[]string{"error in line 1, type: Type TYPE65280 is not supported: it must be one of: A, AAAA, CAA, CNAME, MX, NS, SRV, TXT",
				"error in line 2, type: PTR records can only be in domains below in-addr.arpa or ip6.arpa; type must be one of: A, AAAA, CAA, CNAME, MX, NS, SRV, TXT"}},
		{"other classes", "version CH TXT x\n", nil, []string{"error in line 1: Only records of class IN are served, not of CH"}},
		{"other files", "$INCLUDE /etc/passwd\n$include x\n$GENERATE 1-1000000000 a$ A 1.2.3.4\n  $GENERATE 1-2 a$ A 1.2.3.4\n$FOO\n", nil,
			[]string{"error in line 1: $INCLUDE is not supported: only $ORIGIN and $TTL are", "error in line 2: $INCLUDE is not supported: only $ORIGIN and $TTL are",
				"error in line 3: $GENERATE is not supported: only $ORIGIN and $TTL are", "error in line 4: $GENERATE is not supported: only $ORIGIN and $TTL are",
				"error in line 5: $FOO is not supported: only $ORIGIN and $TTL are"}},
		{"form", "a TXT \"x\nb A 1.2.3.4\nc A ) 1.2.3.4\nd A \x01\ne TXT a\\\nf A ( 1.2.3.4\n", []string{"2 A b 1.2.3.4 1800"},
			[]string{"error in line 1: Can't be read: a quote is not closed", "error in line 3: Can't be read: a parenthesis is closed that was not opened",
				"error in line 4: Can't be read: there is a control character", "error in line 5: Can't be read: there is nothing after a \\",
				"error in line 6: Can't be read: a parenthesis is not closed"}},
		{"bad escapes", `a TXT "x\999"` + "\n", nil, []string{`error in line 1: Can't be read: a \ before a digit needs three digits, up to 255`}},
		{"no owner", "  A 1.2.3.4\n", nil, []string{"error in line 1, name: The first record has no name before it"}},
		{"bad directives", "$ORIGIN\n$TTL x\n$TTL 1 2\n", nil, []string{`error in line 1: Can't be read: `, `error in line 2: Can't be read: `, `error in line 3: Can't be read: `}},
		{"the same twice", "a A 1.2.3.4\nA A 1.2.3.4\n", []string{"1 A a 1.2.3.4 1800"}, []string{"warning in line 2: Is left out: the same record is at line 1"}},
		{"two TTLs", "a 60 A 1.2.3.4\na 70 A 1.2.3.5\n", []string{"1 A a 1.2.3.4 60", "2 A a 1.2.3.5 70"},
			[]string{"warning in line 2, ttl: Records of one name and type share one TTL: all get that of the last one"}},
		{"what dig shows of a transfer", "example.com. 3600 IN SOA a. b. 1 2 3 4 5\nexample.com. 60 IN A 1.2.3.4\nexample.com. 3600 IN SOA a. b. 1 2 3 4 5\n",
			[]string{"2 A @ 1.2.3.4 60"}, []string{"warning in line 3: Is left out: the same record is at line 1"}},
		{"two SOA records", "@ 60 SOA a b 1 2 3 4 5\n@ SOA a b 2 2 3 4 5\nx SOA a b 1 2 3 4 5\n", nil,
			[]string{"error in line 2: There is an SOA record already, at line 1", "error in line 3, name: The SOA record must be at the domain itself, example.com."}},
		{"too long", strings.Repeat(";", 1<<20+1), nil, []string{"error: Zone file is too long: 1048577 bytes, the maximum is 1048576"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := zonefile.Parse("example.com", 1800, test.text)
			var records []string
			for _, r := range file.Records {
				records = append(records, fmt.Sprintf("%d %s", r.Line, domaintest.Short(r.Record)))
			}
			if diff := cmp.Diff(test.records, records); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			got := domaintest.Problems(file.Problems)
			for i, want := range test.problems { // what the library says of a line may change
				if i < len(got) && strings.HasSuffix(want, "Can't be read: ") && strings.HasPrefix(got[i], want) {
					got[i] = want
				}
			}
			if diff := cmp.Diff(append([]string{}, test.problems...), got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	many := zonefile.Parse("example.com", 1800, domaintest.HostLines(10_002))
	if len(many.Records) != 10_000 || len(many.Problems) != 1 {
		t.Errorf("%d records and %d problems of too many lines", len(many.Records), len(many.Problems))
	}
	soa := zonefile.Parse("example.com", 1800, "@ 7200 SOA ns.x. host.x. 2026010203 1 2 3 4\n")
	if soa.TTL != 7200 || soa.Serial != 2026010203 {
		t.Errorf("of the SOA record: TTL %d, serial %d", soa.TTL, soa.Serial)
	}
}

// Records that are left out do not count towards the limit, and there is one warning
// for each type.
func TestManyRecordsAreLeftOut(t *testing.T) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, "h%d A 192.0.2.1\n", i)
	}
	for i := range 2000 {
		fmt.Fprintf(&text, "h%d NSEC h%d A NSEC\n", i, i+1)
	}
	file := zonefile.Parse("example.com", 1800, text.String())
	want := []string{"warning in line 10001, type: NSEC records are left out, all 2000: the name server makes its own when it signs the domain"}
	if diff := cmp.Diff(want, domaintest.Problems(file.Problems)); diff != "" || len(file.Records) != 10_000 {
		t.Errorf("%d records (-want +got):\n%s", len(file.Records), diff)
	}
}

// Each record that is parsed from any bytes is valid: it is read back from a zone file.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"$ORIGIN example.com.\n$TTL 1800\nexample.com. IN SOA ns1.cloud.test. hostmaster.example.com. 1 10800 3600 604800 1800\nexample.com. 1800 IN NS ns1.cloud.test.\n",
		"a TXT \"a\\\"b\" (\n\"c\" ) ; x\n  AAAA ::1\n", "$TTL 1w2d\n@ CAA 128 issue \"ca.net; a=b\"\n_sip._tcp SRV 1 2 3 .\n",
		"$GENERATE 1-9 a$ A 1.2.3.$\n$INCLUDE x\n", "a TYPE16 \\# 3 020000\n", "\"$GENERATE\" 1-99999 a A 1.2.3.4\n", "@ NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := zonefile.Parse("example.com", 1800, text)
		for _, r := range file.Records {
			written := zonefile.Write(record.Zone{Name: "example.com", TTL: 1800}, []record.Record{r.Record})
			again := zonefile.Parse("example.com", 1800, written)
			if len(again.Problems) > 0 && r.Type != "SOA" || len(again.Records) != 1 || domaintest.Canonical(domaintest.FileRecords(again))[0] != domaintest.Canonical([]record.Record{r.Record})[0] {
				t.Errorf("%q: %+v is read again as %+v, %v", text, r, again.Records, domaintest.Problems(again.Problems))
			}
			if r.Line < 1 || r.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%q: line %d", text, r.Line)
			}
		}
	})
}

// BenchmarkParse parses a zone file with the most records.
func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, "host%d 3600 IN A 10.0.%d.%d\n", i, i/256, i%256)
	}
	b.ReportAllocs()
	for b.Loop() {
		if file := zonefile.Parse("example.com", 1800, text.String()); len(file.Records) != 10_000 {
			b.Fatal(len(file.Records))
		}
	}
}
