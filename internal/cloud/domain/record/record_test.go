package record_test

import (
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
)

const (
	longest = "123456789012345678901234567890123456789012345678901234567890123" // a label of 63
	badDot  = "data: Data needs to end with a dot (.)"
	blank   = "data: Data can't be blank"
)

// example is the zone of the tests.
var example = record.Zone{Name: "example.com", TTL: 1800, Primary: "ns1.cloud.test"}

func TestNewRecords(t *testing.T) {
	for _, test := range []struct{ name, params, want string }{
		// names
		{"relative", `{"type":"A","name":"www","data":"1.2.3.4"}`, "A www 1.2.3.4 1800"},
		{"absolute", `{"type":"A","name":"www.example.com.","data":"1.2.3.4"}`, "A www 1.2.3.4 1800"},
		{"absolute in another case", `{"type":"A","name":"WWW.Example.COM.","data":"1.2.3.4"}`, "A WWW 1.2.3.4 1800"},
		{"no final dot is relative", `{"type":"A","name":"www.example.com","data":"1.2.3.4"}`, "A www.example.com 1.2.3.4 1800"},
		{"apex as @", `{"type":"A","name":"@","data":"1.2.3.4"}`, "A @ 1.2.3.4 1800"},
		{"apex as the domain", `{"type":"A","name":"Example.com.","data":"1.2.3.4"}`, "A @ 1.2.3.4 1800"},
		{"TXT at the domain", `{"type":"TXT","name":"example.com.","data":"x"}`, "TXT @ x 1800"},
		{"lego's name", `{"type":"TXT","name":"_acme-challenge.www.example.com.","data":"token","ttl":30}`, "TXT _acme-challenge.www token 30"},
		{"case is kept", `{"type":"A","name":"WwW","data":"1.2.3.4"}`, "A WwW 1.2.3.4 1800"},
		{"no name for TXT", `{"type":"TXT","data":"x"}`, "TXT @ x 1800"},
		{"no name for MX", `{"type":"MX","data":"mail","priority":10}`, "MX @ mail.example.com 1800 priority=10"},
		{"no name for NS", `{"type":"NS","data":"ns.example.net."}`, "NS @ ns.example.net 1800"},
		{"an empty name for NS", `{"type":"NS","name":"","data":"ns.example.net."}`, "NS @ ns.example.net 1800"},
		{"no name for A", `{"type":"A","data":"1.2.3.4"}`, "name: Name can't be blank"},
		{"no name for CNAME", `{"type":"CNAME","data":"@"}`, "name: Name can't be blank"},
		{"no name for SRV", `{"type":"SRV","data":"@","priority":0,"weight":0,"port":0}`, "name: Name can't be blank"},
		{"no name for CAA", `{"type":"CAA","data":";","flags":0,"tag":"issue"}`, "name: Name can't be blank"},
		{"outside", `{"type":"A","name":"www.example.net.","data":"1.2.3.4"}`, "name: Name must be inside the domain"},
		{"outside with the same end", `{"type":"A","name":"badexample.com.","data":"1.2.3.4"}`, "name: Name must be inside the domain"},
		{"the root", `{"type":"A","name":".","data":"1.2.3.4"}`, "name: Name must be inside the domain"},
		{"wildcard", `{"type":"A","name":"*","data":"1.2.3.4"}`, "A * 1.2.3.4 1800"},
		{"wildcard below", `{"type":"A","name":"*.dev","data":"1.2.3.4"}`, "A *.dev 1.2.3.4 1800"},
		{"absolute wildcard", `{"type":"TXT","name":"*.example.com.","data":"x"}`, "TXT * x 1800"},
		{"wildcard in the middle", `{"type":"A","name":"dev.*","data":"1.2.3.4"}`, "name: Name is invalid: * must be the whole leftmost label"},
		{"wildcard as a part", `{"type":"A","name":"a*","data":"1.2.3.4"}`, "name: Name is invalid: * must be the whole leftmost label"},
		{"wildcard NS", `{"type":"NS","name":"*","data":"ns.example.net."}`, "name: Name is invalid: NS records can't be wildcards"},
		{"underscores", `{"type":"A","name":"a_b._x","data":"1.2.3.4"}`, "A a_b._x 1.2.3.4 1800"},
		{"the longest label", `{"type":"A","name":"` + longest + `","data":"1.2.3.4"}`, "A " + longest + " 1.2.3.4 1800"},
		{"a longer label", `{"type":"A","name":"x` + longest + `","data":"1.2.3.4"}`, "name: Name is invalid: a label is longer than 63 characters"},
		{"the longest name", `{"type":"A","name":"` + strings.Repeat("a.", 120) + `x","data":"1.2.3.4"}`, "A " + strings.Repeat("a.", 120) + "x 1.2.3.4 1800"},
		{"a longer name", `{"type":"A","name":"` + strings.Repeat("a.", 120) + `xy","data":"1.2.3.4"}`, "name: Name is too long: 254 characters with the domain, the maximum is 253"},
		{"two dots", `{"type":"A","name":"a..b","data":"1.2.3.4"}`, "name: Name is invalid: there is nothing between two dots, or before the first"},
		{"a blank inside", `{"type":"A","name":"a b","data":"1.2.3.4"}`, "name: Name is invalid: only letters, digits, hyphens and underscores are allowed"},
		{"umlauts", `{"type":"A","name":"bücher","data":"1.2.3.4"}`, "name: Name is invalid: letters beyond a-z are written in punycode, like xn--bcher-kva"},
		{"a hyphen first", `{"type":"A","name":"-a","data":"1.2.3.4"}`, "name: Name is invalid: a label begins or ends with a hyphen"},

		// types
		{"no type", `{"name":"www","data":"1.2.3.4"}`, "type: Type can't be blank"},
		{"unknown type", `{"type":"LOC","name":"www","data":"1.2.3.4"}`, "type: Type must be one of: A, AAAA, CAA, CNAME, MX, NS, SRV, TXT"},
		{"lower case", `{"type":"a","name":"www","data":"1.2.3.4"}`, "A www 1.2.3.4 1800"},
		{"SOA", `{"type":"SOA","name":"@","data":"1800"}`, "type: SOA records can't be created: every domain has one"},
		{"PTR", `{"type":"PTR","name":"1","data":"a.example.com."}`, "type: PTR records can only be in domains below in-addr.arpa or ip6.arpa; type must be one of: A, AAAA, CAA, CNAME, MX, NS, SRV, TXT"},

		// addresses
		{"A with a short address", `{"type":"A","name":"www","data":"1.2.3"}`, "data: Data needs to be a valid IPv4 address"},
		{"A with zeros", `{"type":"A","name":"www","data":"01.2.3.4"}`, "data: Data needs to be a valid IPv4 address"},
		{"A with IPv6", `{"type":"A","name":"www","data":"2001:db8::1"}`, "data: Data needs to be a valid IPv4 address"},
		{"A with a name", `{"type":"A","name":"www","data":"example.com."}`, "data: Data needs to be a valid IPv4 address"},
		{"A without data", `{"type":"A","name":"www"}`, blank},
		{"A with no data", `{"type":"A","name":"www","data":" "}`, blank},
		{"AAAA is kept as given", `{"type":"AAAA","name":"www","data":"2001:DB8:0::1"}`, "AAAA www 2001:DB8:0::1 1800"},
		{"AAAA with IPv4", `{"type":"AAAA","name":"www","data":"1.2.3.4"}`, "data: Data needs to be a valid IPv6 address"},
		{"AAAA with a zone", `{"type":"AAAA","name":"www","data":"fe80::1%eth0"}`, "data: Data needs to be a valid IPv6 address"},
		{"AAAA of an IPv4 address", `{"type":"AAAA","name":"www","data":"::ffff:1.2.3.4"}`, "AAAA www ::ffff:1.2.3.4 1800"},

		// hosts
		{"CNAME to @", `{"type":"CNAME","name":"www","data":"@"}`, "CNAME www @ 1800"},
		{"CNAME to the domain", `{"type":"CNAME","name":"www","data":"EXAMPLE.com."}`, "CNAME www @ 1800"},
		{"CNAME away", `{"type":"CNAME","name":"www","data":"target.example.net."}`, "CNAME www target.example.net 1800"},
		{"CNAME inside", `{"type":"CNAME","name":"www","data":"foobar.example.com."}`, "CNAME www foobar.example.com 1800"},
		{"CNAME of one label", `{"type":"CNAME","name":"www","data":"web"}`, "CNAME www web.example.com 1800"},
		{"CNAME of one absolute label", `{"type":"CNAME","name":"www","data":"localhost."}`, "CNAME www localhost 1800"},
		{"CNAME without the dot", `{"type":"CNAME","name":"www","data":"target.example.net"}`, badDot},
		{"CNAME to the domain without the dot", `{"type":"CNAME","name":"www","data":"example.com"}`, badDot},
		{"CNAME with underscores", `{"type":"CNAME","name":"s1._domainkey","data":"s1._domainkey.example.net."}`, "CNAME s1._domainkey s1._domainkey.example.net 1800"},
		{"CNAME to nothing", `{"type":"CNAME","name":"www","data":"."}`, "data: Data needs to be a valid host name: there is nothing between two dots, or before the first"},
		{"CNAME to an address", `{"type":"CNAME","name":"www","data":"1.2.3.4"}`, "data: Data needs to be a host name, not an IP address"},
		{"CNAME to an IPv6 address", `{"type":"CNAME","name":"www","data":"::1"}`, "data: Data needs to be a host name, not an IP address"},
		{"CNAME to a blank", `{"type":"CNAME","name":"www","data":"a b.example.net."}`, "data: Data needs to be a valid host name: only letters, digits, hyphens and underscores are allowed"},
		{"CNAME to a wildcard", `{"type":"CNAME","name":"www","data":"*.example.net."}`, "data: Data needs to be a valid host name: only letters, digits, hyphens and underscores are allowed"},
		{"CNAME to a long name", `{"type":"CNAME","name":"www","data":"` + strings.Repeat("a.", 126) + `xy."}`, "data: Data is too long: 254 characters, the maximum is 253"},
		{"CNAME without data", `{"type":"CNAME","name":"www"}`, blank},
		{"NS below", `{"type":"NS","name":"sub","data":"ns1"}`, "NS sub ns1.example.com 1800"},
		{"NS without the dot", `{"type":"NS","name":"sub","data":"ns1.example.net"}`, badDot},
		{"MX", `{"type":"MX","name":"@","data":"mail.example.com.","priority":10}`, "MX @ mail.example.com 1800 priority=10"},
		{"MX at the domain", `{"type":"MX","name":"@","data":"example.com.","priority":0}`, "MX @ @ 1800 priority=0"},
		{"CNAME with two final dots", `{"type":"CNAME","name":"www","data":"a.."}`, "data: Data needs to be a valid host name: there is nothing between two dots, or before the first"},
		{"MX to an address", `{"type":"MX","name":"@","data":"1.2.3.4","priority":10}`, "data: Data needs to be a host name, not an IP address"},
		{"MX to an address with a dot", `{"type":"MX","name":"@","data":"1.2.3.4.","priority":10}`, "data: Data needs to be a host name, not an IP address"},
		{"MX without a priority", `{"type":"MX","name":"@","data":"mail"}`, "priority: Priority can't be blank"},
		{"MX with a large priority", `{"type":"MX","name":"@","data":"mail","priority":65536}`, "priority: Priority must be a number from 0 to 65535"},
		{"MX with a huge priority", `{"type":"MX","name":"@","data":"mail","priority":1e300}`, "priority: Priority must be a number from 0 to 65535"},
		{"MX with a negative priority", `{"type":"MX","name":"@","data":"mail","priority":-99999999999999999999}`, "priority: Priority must be a number from 0 to 65535"},
		{"MX that takes no mail", `{"type":"MX","name":"@","data":".","priority":0}`, "MX @ . 1800 priority=0"},
		{"MX without the dot", `{"type":"MX","name":"@","data":"mail.example.com","priority":10}`, badDot},
		{"SRV", `{"type":"SRV","name":"_sip._tcp","data":"sip.example.net.","priority":1,"weight":2,"port":0}`, "SRV _sip._tcp sip.example.net 1800 priority=1 port=0 weight=2"},
		{"SRV of another name", `{"type":"SRV","name":"plain","data":"sip","priority":1,"weight":2,"port":3}`, "SRV plain sip.example.com 1800 priority=1 port=3 weight=2"},
		{"SRV to nothing", `{"type":"SRV","name":"_sip._tcp","data":".","priority":1,"weight":2,"port":3}`, "SRV _sip._tcp . 1800 priority=1 port=3 weight=2"},
		{"SRV without a port", `{"type":"SRV","name":"_sip._tcp","data":"sip","priority":1,"weight":2}`, "port: Port can't be blank"},
		{"SRV without a weight", `{"type":"SRV","name":"_sip._tcp","data":"sip","priority":1,"port":2}`, "weight: Weight can't be blank"},
		{"SRV with a large port", `{"type":"SRV","name":"_sip._tcp","data":"sip","priority":1,"port":65536,"weight":1}`, "port: Port must be a number from 0 to 65535"},
		{"SRV without the dot", `{"type":"SRV","name":"_sip._tcp","data":"sip.example.net","priority":1,"weight":2,"port":3}`, badDot},

		// TXT
		{"TXT", `{"type":"TXT","name":"t","data":"v=spf1 -all"}`, "TXT t v=spf1 -all 1800"},
		{"TXT in quotes", `{"type":"TXT","name":"t","data":"\"v=spf1 -all\""}`, "TXT t v=spf1 -all 1800"},
		{"TXT of two strings", `{"type":"TXT","name":"t","data":"\"v=1\"\t\"q=1\""}`, `TXT t "v=1" "q=1" 1800`},
		{"TXT of strings with escapes", `{"type":"TXT","name":"t","data":"\"a\\\"b\" \"\\\\\\065\" \"ü\""}`, `TXT t "a\"b" "\\A" "ü" 1800`},
		{"TXT of empty strings", `{"type":"TXT","name":"t","data":"\"\" \"a\" \"\""}`, `TXT t "" "a" "" 1800`},
		{"TXT of strings that halve a character", `{"type":"TXT","name":"t","data":"\"a\\195\" \"\\188\""}`, `TXT t "a\195" "\188" 1800`},
		{"TXT of strings as a text is cut", `{"type":"TXT","name":"t","data":"\"` + strings.Repeat("x", 255) + `\" \"y\""}`, `TXT t ` + strings.Repeat("x", 255) + `y 1800`},
		{"TXT of one long string", `{"type":"TXT","name":"t","data":"\"` + strings.Repeat("x", 256) + `\""}`, `TXT t ` + strings.Repeat("x", 256) + ` 1800`},
		{"TXT of a long string among others", `{"type":"TXT","name":"t","data":"\"` + strings.Repeat("x", 256) + `\" \"y\""}`, `data: Data has a string of 256 bytes among others, the maximum is 255: cut it into several`},
		{"TXT of a full string and an empty one", `{"type":"TXT","name":"t","data":"\"` + strings.Repeat("x", 255) + `\" \"\""}`, `TXT t "` + strings.Repeat("x", 255) + `" "" 1800`},
		{"TXT of many strings", `{"type":"TXT","name":"t","data":"` + strings.Repeat(`\"a\"`, 256) + `"}`, `TXT t ` + strings.TrimSpace(strings.Repeat(`"a" `, 256)) + ` 1800`},
		{"TXT of too many strings", `{"type":"TXT","name":"t","data":"` + strings.Repeat(`\"\"`, 257) + `"}`, `data: Data has too many strings: 257, the maximum is 256`},
		{"TXT with escapes in quotes", `{"type":"TXT","name":"t","data":"\"a\\\"b\\\\c\\065\""}`, `TXT t a"b\cA 1800`},
		{"TXT with escapes and no quotes", `{"type":"TXT","name":"t","data":"a\\;b"}`, `TXT t a\;b 1800`},
		{"TXT with a quote inside", `{"type":"TXT","name":"t","data":"say \"hi\""}`, `TXT t say "hi" 1800`},
		{"TXT whose text is in quotes itself", `{"type":"TXT","name":"t","data":"\"\\\"hi\\\"\""}`, `TXT t "\"hi\"" 1800`},
		{"TXT with an open quote", `{"type":"TXT","name":"t","data":"\"hi"}`, `TXT t "hi 1800`},
		{"TXT with a final dot", `{"type":"TXT","name":"t","data":"a.b."}`, `TXT t a.b. 1800`},
		{"TXT of nothing", `{"type":"TXT","name":"t","data":""}`, blank},
		{"TXT of an empty string", `{"type":"TXT","name":"t","data":"\"\""}`, `TXT t "" 1800`},
		{"TXT in UTF-8", `{"type":"TXT","name":"t","data":"grüß"}`, `TXT t grüß 1800`},
		{"TXT not in UTF-8", `{"type":"TXT","name":"t","data":"\"\\255\""}`, `data: Data is not UTF-8`},
		{"TXT with a NUL", `{"type":"TXT","name":"t","data":"a\u0000b"}`, `data: Data has a NUL byte, which is not supported`},
		{"the longest TXT", `{"type":"TXT","name":"t","data":"` + strings.Repeat("x", 4096) + `"}`, `TXT t ` + strings.Repeat("x", 4096) + ` 1800`},
		{"a longer TXT", `{"type":"TXT","name":"t","data":"` + strings.Repeat("x", 4097) + `"}`, `data: Data is too long: 4097 bytes, the maximum is 4096`},

		// CAA
		{"CAA", `{"type":"CAA","name":"@","data":"letsencrypt.org.","flags":0,"tag":"issue"}`, "CAA @ letsencrypt.org 1800 flags=0 tag=issue"},
		{"CAA for wildcards", `{"type":"CAA","name":"@","data":"letsencrypt.org.","flags":128,"tag":"ISSUEWILD"}`, "CAA @ letsencrypt.org 1800 flags=128 tag=issuewild"},
		{"CAA of the domain", `{"type":"CAA","name":"@","data":"example.com.","flags":0,"tag":"issue"}`, "CAA @ @ 1800 flags=0 tag=issue"},
		{"CAA without the dot", `{"type":"CAA","name":"@","data":"letsencrypt.org","flags":0,"tag":"issue"}`, badDot},
		{"CAA for nobody", `{"type":"CAA","name":"@","data":";","flags":0,"tag":"issue"}`, "CAA @ ; 1800 flags=0 tag=issue"},
		{"CAA with parameters", `{"type":"CAA","name":"@","data":"letsencrypt.org.; validationmethods=dns-01","flags":0,"tag":"issue"}`, "CAA @ letsencrypt.org; validationmethods=dns-01 1800 flags=0 tag=issue"},
		{"CAA with parameters, without the dot", `{"type":"CAA","name":"@","data":"letsencrypt.org; a=b","flags":0,"tag":"issue"}`, badDot},
		{"CAA with mail", `{"type":"CAA","name":"@","data":"mailto:me@example.com","flags":0,"tag":"iodef"}`, "CAA @ mailto:me@example.com 1800 flags=0 tag=iodef"},
		{"CAA with a page", `{"type":"CAA","name":"@","data":"https://example.com/caa","flags":0,"tag":"iodef"}`, "CAA @ https://example.com/caa 1800 flags=0 tag=iodef"},
		{"CAA with another URL", `{"type":"CAA","name":"@","data":"ftp://example.com/caa","flags":0,"tag":"iodef"}`, "data: Data needs to be a mailto:, http: or https: URL"},
		{"CAA without a tag", `{"type":"CAA","name":"@","data":";","flags":0}`, "tag: Tag can't be blank"},
		{"CAA with another tag", `{"type":"CAA","name":"@","data":";","flags":0,"tag":"policy"}`, "tag: Tag must be one of: issue, issuewild, iodef"},
		{"CAA without flags", `{"type":"CAA","name":"@","data":";","tag":"issue"}`, "flags: Flags can't be blank"},
		{"CAA with large flags", `{"type":"CAA","name":"@","data":";","flags":256,"tag":"issue"}`, "flags: Flags must be a number from 0 to 255"},
		{"CAA with a quote", `{"type":"CAA","name":"@","data":"a\"b.","flags":0,"tag":"issue"}`, `data: Data has a character that is not allowed here: only printable ASCII is, without " and \`},

		// TTLs, and what a type does not have
		{"the least TTL", `{"type":"A","name":"www","data":"1.2.3.4","ttl":30}`, "A www 1.2.3.4 30"},
		{"a lesser TTL", `{"type":"A","name":"www","data":"1.2.3.4","ttl":29}`, "ttl: TTL must be greater than or equal to 30"},
		{"a TTL of 0", `{"type":"A","name":"www","data":"1.2.3.4","ttl":0}`, "ttl: TTL must be greater than or equal to 30"},
		{"the greatest TTL", `{"type":"A","name":"www","data":"1.2.3.4","ttl":2147483647}`, "A www 1.2.3.4 2147483647"},
		{"a greater TTL", `{"type":"A","name":"www","data":"1.2.3.4","ttl":2147483648}`, "ttl: TTL must be less than or equal to 2147483647"},
		{"no TTL", `{"type":"A","name":"www","data":"1.2.3.4","ttl":null}`, "A www 1.2.3.4 1800"},
		{"godo's zeros", `{"type":"A","name":"www","data":"1.2.3.4","priority":0,"port":0,"weight":0,"flags":0,"tag":""}`, "A www 1.2.3.4 1800"},
		{"what means nothing", `{"type":"A","name":"www","data":"1.2.3.4","priority":99999,"port":-1,"weight":70000,"flags":999,"tag":"x"}`, "A www 1.2.3.4 1800"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if r, err := example.NewRecord(domaintest.Params(t, test.params)); err != nil {
				got = domaintest.Message(err)
			} else {
				got = domaintest.Short(r)
			}
			if got != test.want {
				t.Errorf("%s\ngot  %s\nwant %s", test.params, got, test.want)
			}
		})
	}
}

func TestChangedRecords(t *testing.T) {
	const a, mx, txt, caa = `{"type":"A","name":"www","data":"1.2.3.4","ttl":60}`, `{"type":"MX","name":"@","data":"mail.example.net.","priority":10}`,
		`{"type":"TXT","name":"t","data":"hello"}`, `{"type":"CAA","name":"@","data":"letsencrypt.org.","flags":0,"tag":"issue"}`
	for _, test := range []struct{ name, record, params, want string }{
		{"nothing", a, `{}`, "A www 1.2.3.4 60"},
		{"nulls", a, `{"name":null,"data":null,"ttl":null,"priority":null}`, "A www 1.2.3.4 60"},
		{"the mission's example", `{"type":"A","name":"api","data":"1.2.3.4"}`, `{"type":"A","name":"www","data":"127.0.0.1"}`, "A www 127.0.0.1 1800"},
		{"only the TTL", mx, `{"ttl":300}`, "MX @ mail.example.net 300 priority=10"},
		{"only the name", mx, `{"name":"sub"}`, "MX sub mail.example.net 1800 priority=10"},
		{"only the priority", mx, `{"priority":5}`, "MX @ mail.example.net 1800 priority=5"},
		{"data as it was shown", mx, `{"data":"mail.example.net","priority":5}`, "MX @ mail.example.net 1800 priority=5"},
		{"other data without the dot", mx, `{"data":"mx.example.net","priority":5}`, badDot},
		{"data with the dot", mx, `{"data":"mx.example.net.","priority":5}`, "MX @ mx.example.net 1800 priority=5"},
		{"data of the domain", mx, `{"data":"example.com."}`, "MX @ @ 1800 priority=10"},
		{"no data", mx, `{"data":""}`, blank},
		{"godo's zeros", txt, `{"type":"TXT","name":"t","data":"bye","priority":0,"weight":0,"flags":0}`, "TXT t bye 1800"},
		{"a CAA record's dot", caa, `{"data":"ca.example.net."}`, "CAA @ ca.example.net 1800 flags=0 tag=issue"},
		{"a CAA record's tag", caa, `{"tag":"issuewild"}`, "CAA @ letsencrypt.org 1800 flags=0 tag=issuewild"},
		{"a CAA record's tag to one of other data", caa, `{"tag":"iodef"}`, "data: Data needs to be a mailto:, http: or https: URL"},
		{"a name outside", a, `{"name":"www.example.net."}`, "name: Name must be inside the domain"},
		{"a TTL too short", a, `{"ttl":1}`, "ttl: TTL must be greater than or equal to 30"},
		{"an address that is none", a, `{"data":"x"}`, "data: Data needs to be a valid IPv4 address"},
		{"another type", a, `{"type":"CNAME","data":"web"}`, "CNAME www web.example.com 60"},
		{"another type without data", a, `{"type":"CNAME"}`, blank},
		{"another type with bad data", a, `{"type":"AAAA","data":"1.2.3.4"}`, "data: Data needs to be a valid IPv6 address"},
		{"another type that needs more", a, `{"type":"MX","data":"web"}`, "priority: Priority can't be blank"},
		{"another type with all it needs", a, `{"type":"MX","data":"web","priority":3}`, "MX www web.example.com 60 priority=3"},
		{"a type that is none", a, `{"type":"X","data":"web"}`, "type: Type must be one of: A, AAAA, CAA, CNAME, MX, NS, SRV, TXT"},
		{"SOA", a, `{"type":"SOA"}`, "type: SOA records can't be created: every domain has one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := example.NewRecord(domaintest.Params(t, test.record))
			if err != nil {
				t.Fatal(err)
			}
			r.ID = 7
			got := ""
			if changed, err := example.ChangedRecord(r, domaintest.Params(t, test.params)); err != nil {
				got = domaintest.Message(err)
			} else if got = domaintest.Short(changed); changed.ID != r.ID {
				t.Errorf("id %d became %d", r.ID, changed.ID)
			}
			if got != test.want {
				t.Errorf("%s, then %s\ngot  %s\nwant %s", test.record, test.params, got, test.want)
			}
		})
	}
}
