package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
)

func TestZoneFile(t *testing.T) {
	w := newWorld(t)
	unmarshalled := domain.Create{Name: "example.com"}
	address := "1.2.3.4"
	unmarshalled.IPAddress = &address
	if _, err := w.tryCreate(mine, unmarshalled); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{
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
		w.add("example.com", params(t, p))
	}
	want := `$ORIGIN example.com.
$TTL 1800
example.com. IN SOA ns1.cloud.test. hostmaster.example.com. 1700000009 10800 3600 604800 1800
example.com. 1800 IN NS ns1.cloud.test.
example.com. 1800 IN NS ns2.cloud.test.
example.com. 1800 IN NS ns3.cloud.test.
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
	if diff := cmp.Diff(want, w.file("example.com")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// texts are problems as tests write them.
func texts(problems []zonefile.Problem) []string {
	all := []string{}
	for _, p := range problems {
		text := p.Severity
		if p.Line != nil {
			text += fmt.Sprintf(" in line %d", *p.Line)
		}
		if p.Field != nil {
			text += ", " + *p.Field
		}
		all = append(all, text+": "+p.Message)
	}
	return all
}

func TestParseZoneFile(t *testing.T) {
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
				records = append(records, fmt.Sprintf("%d %s", r.Line, short(r.Record)))
			}
			if diff := cmp.Diff(test.records, records); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			got := texts(file.Problems)
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
	many := zonefile.Parse("example.com", 1800, strings.Repeat("a A 1.2.3.4\n", 1)+strings.Join(manyLines(10_001), ""))
	if len(many.Records) != 10_000 || len(many.Problems) != 1 {
		t.Errorf("%d records and %d problems of too many lines", len(many.Records), len(many.Problems))
	}
	soa := zonefile.Parse("example.com", 1800, "@ 7200 SOA ns.x. host.x. 2026010203 1 2 3 4\n")
	if soa.TTL != 7200 || soa.Serial != 2026010203 {
		t.Errorf("of the SOA record: TTL %d, serial %d", soa.TTL, soa.Serial)
	}
}

func manyLines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("h%d A 1.2.3.4\n", i)
	}
	return lines
}

// label is any label that the rules allow.
var label = rapid.StringMatching(`[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,20}[a-zA-Z0-9_])?`)

// genParams makes parameters of records that the rules allow.
func genParams(t *rapid.T) record.Params {
	str := func(text string) *string { return &text }
	labels := rapid.SliceOfN(label, 1, 4).Draw(t, "labels")
	if rapid.Bool().Draw(t, "wildcard") {
		labels = append([]string{"*"}, labels...)
	}
	host := rapid.SampledFrom([]string{"@", "Mail.Example.net.", "web", "example.com.", "deep.in.example.com.", "localhost."}).Draw(t, "host")
	types := []string{"A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"}
	p := record.Params{Type: str(rapid.SampledFrom(types).Draw(t, "type")), Name: str(strings.Join(labels, ".")), Data: &host}
	number := func(name string, most int) *record.Number {
		n := record.Number(rapid.IntRange(0, most).Draw(t, name))
		return &n
	}
	ttl := record.Number(rapid.IntRange(30, 1<<31-1).Draw(t, "ttl"))
	p.TTL, p.Priority, p.Weight, p.Port, p.Flags = &ttl, number("priority", 65535), number("weight", 65535), number("port", 65535), number("flags", 255)
	switch *p.Type {
	case "A":
		b := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
		p.Data = str(fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]))
	case "AAAA":
		p.Data = str(rapid.StringMatching(`([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|2001:DB8::[0-9a-f]{0,4}|::ffff:1\.2\.3\.4`).Draw(t, "address"))
	case "CAA":
		p.Tag = str(rapid.SampledFrom([]string{"issue", "issuewild", "iodef"}).Draw(t, "tag"))
		p.Data = str(rapid.SampledFrom([]string{"ca.Example.net.", "@", ";", "ca.; a=b", ";x=y"}).Draw(t, "authority"))
		if *p.Tag == "iodef" {
			p.Data = str(rapid.SampledFrom([]string{"mailto:a@b.example", "https://example.net/a?b=c;d"}).Draw(t, "url"))
		}
	case "NS":
		p.Name = str(strings.Join(slices.DeleteFunc(labels, func(l string) bool { return l == "*" }), "."))
	case "TXT":
		text := rapid.StringOfN(rapid.Rune(), 1, 600, 2000).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
		if p.Data = str(text.Draw(t, "text")); rapid.Bool().Draw(t, "strings") {
			short := rapid.StringOfN(rapid.Rune(), 0, 60, 255).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
			parts := rapid.SliceOfN(short, 1, 5).Draw(t, "parts")
			for i := range parts {
				parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(parts[i]) + `"`
			}
			p.Data = str(strings.Join(parts, " "))
		}
	}
	return p
}

// Whatever records a domain has, its zone file says the same, and a domain made
// from that is the same domain.
func TestZoneFilesAreReadBack(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := zonedb.Find(t.Context(), w.DB, mine, "example.com"); err == nil {
			w.remove("example.com") // what a failure has left
		}
		w.create("example.com")
		for range rapid.IntRange(0, 12).Draw(rt, "records") {
			p := genParams(rt)
			if r, err := w.tryAdd("example.com", p); err != nil {
				if m := message(err); !strings.HasSuffix(m, "Record already exists") && !strings.HasPrefix(m, "name: CNAME") {
					rt.Fatalf("%v", err)
				}
			} else if again, err := w.tryUpdate("example.com", r.ID, record.Params{Type: &r.Type, Name: &r.Name, Data: &r.Data}); err != nil || short(again) != short(r) {
				rt.Fatalf("%s given back as it was shown: %s, %v", short(r), short(again), err)
			}
		}
		text, served := w.file("example.com"), w.server.serves("example.com")
		file := zonefile.Parse("example.com", 1800, text)
		if len(file.Problems) > 0 {
			rt.Fatalf("%s\n%v", text, texts(file.Problems))
		}
		if diff := cmp.Diff(canonical(w.records("example.com")[1:]), canonical(fileRecords(file))); diff != "" {
			rt.Fatalf("%s\n(-want +got):\n%s", text, diff)
		}
		w.remove("example.com")
		if _, err := w.tryCreate(mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, text)}); err != nil {
			rt.Fatalf("%s\n%v", text, err)
		}
		if diff := cmp.Diff(served, w.server.serves("example.com")); diff != "" {
			rt.Fatalf("%s\nserved (-want +got):\n%s", text, diff)
		}
		w.remove("example.com")
	})
}

func fileRecords(file *zonefile.File) (all []record.Record) {
	for _, r := range file.Records {
		all = append(all, r.Record)
	}
	return all
}

// canonical is records in one spelling, without ids.
func canonical(records []record.Record) []string {
	var all []string
	for _, r := range records {
		if r.Type == "AAAA" {
			r.Data = addr(r.Data)
		}
		all = append(all, short(r))
	}
	return all
}

// A zone file of any bytes is read in bounded time, and what is read of it
// keeps the rules.
func FuzzParseZoneFile(f *testing.F) {
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
			if len(again.Problems) > 0 && r.Type != "SOA" || len(again.Records) != 1 || canonical(fileRecords(again))[0] != canonical([]record.Record{r.Record})[0] {
				t.Errorf("%q: %+v is read again as %+v, %v", text, r, again.Records, texts(again.Problems))
			}
			if r.Line < 1 || r.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%q: line %d", text, r.Line)
			}
		}
	})
}
