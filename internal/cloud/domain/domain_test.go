package domain_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// creation parses the parameters of a new domain in a request's body.
func creation(t testing.TB, text string) (c domain.Create) {
	t.Helper()
	domaintest.Unmarshal(t, text, &c)
	return c
}

// longest is a label of the greatest length.
const longest = "123456789012345678901234567890123456789012345678901234567890123"

func TestNewDomains(t *testing.T) {
	w := newWorld(t)
	w.Create("taken.example.com")
	if _, err := w.TryCreate(domaintest.Other, domain.Create{Name: "example.org"}); err != nil {
		t.Fatal(err)
	}
	const invalid = "name: Name is not a valid domain name: "
	long := strings.Repeat("a.", 126) + "com"
	for _, test := range []struct{ name, params, want string }{
		{"plain", `{"name":"example.net"}`, "example.net 1800"},
		{"case and final dot", `{"name":" Example.NET. "}`, "example.net 1800"},
		{"punycode", `{"name":"xn--bcher-kva.example"}`, "xn--bcher-kva.example 1800"},
		{"below one's own", `{"name":"sub.taken.example.com"}`, "sub.taken.example.com 1800"},
		{"above one's own", `{"name":"example.com"}`, "example.com 1800"},
		{"a TTL", `{"name":"example.net","ttl":60}`, "example.net 60"},
		{"an address", `{"name":"example.net","ip_address":"1.2.3.4"}`, "example.net 1800 A 1.2.3.4"},
		{"an IPv6 address", `{"name":"example.net","ip_address":"2001:db8::1","ttl":60}`, "example.net 60 AAAA 2001:db8::1"},
		{"a reverse zone", `{"name":"2.0.192.in-addr.arpa"}`, "2.0.192.in-addr.arpa 1800"},
		{"a reverse zone of IPv6", `{"name":"8.b.d.0.1.0.0.2.ip6.arpa"}`, "8.b.d.0.1.0.0.2.ip6.arpa 1800"},
		{"the longest", `{"name":"` + strings.Repeat("a.", 125) + `com"}`, strings.Repeat("a.", 125) + "com 1800"},

		{"no name", `{}`, "name: Name can't be blank"},
		{"blank name", `{"name":" "}`, "name: Name can't be blank"},
		{"one label", `{"name":"com"}`, invalid + "it needs at least two labels, like example.com"},
		{"underscore", `{"name":"a_b.example.net"}`, invalid + "underscores are only allowed in the names of records"},
		{"wildcard", `{"name":"*.example.net"}`, invalid + "only letters, digits, hyphens and underscores are allowed"},
		{"umlaut", `{"name":"bücher.example"}`, invalid + "letters beyond a-z are written in punycode, like xn--bcher-kva"},
		{"hyphen", `{"name":"-a.example"}`, invalid + "a label begins or ends with a hyphen"},
		{"two dots", `{"name":"a..example"}`, invalid + "there is nothing between two dots, or before the first"},
		{"an address as name", `{"name":"1.2.3.4"}`, invalid + "its last label is a number"},
		{"a long label", `{"name":"x` + longest + `.net"}`, invalid + "a label is longer than 63 characters"},
		{"too long", `{"name":"` + long + `"}`, "name: Name is too long: 255 characters, the maximum is 253"},
		{"taken", `{"name":"TAKEN.example.com"}`, "name: Name already exists"},
		{"taken by another account", `{"name":"example.org"}`, "name: Name already exists"},
		{"below another account's", `{"name":"a.b.example.org"}`, "name: Name is below a domain of another account"},
		{"an empty address", `{"name":"example.net","ip_address":""}`, "ip_address: Data can't be blank"},
		{"a bad address", `{"name":"example.net","ip_address":"1.2.3"}`, "ip_address: IP address needs to be a valid IPv4 or IPv6 address"},
		{"a short TTL", `{"name":"example.net","ttl":29}`, "ttl: TTL must be greater than or equal to 30"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			d, err := w.TryCreate(domaintest.Mine, creation(t, test.params))
			if err != nil {
				got = domaintest.Message(err)
			} else {
				got = d.Name + " " + strings.Fields(domaintest.Short(w.Records(d.Name)[0]))[3]
				for _, r := range w.Records(d.Name)[4:] {
					got += " " + r.Type + " " + r.Data
				}
				w.Remove(d.Name)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestADomainIsFoundByIDAndName(t *testing.T) {
	w := newWorld(t)
	d := w.Create("example.com")
	for _, test := range []struct {
		account int64
		ref     string
		found   bool
	}{
		{domaintest.Mine, "1", true}, {domaintest.Mine, "example.com", true}, {domaintest.Mine, "EXAMPLE.com.", true},
		{domaintest.Mine, "2", false}, {domaintest.Mine, "example.net", false}, {domaintest.Mine, "01x", false}, {domaintest.Other, "1", false}, {domaintest.Other, "example.com", false},
	} {
		got, err := zonedb.Find(t.Context(), w.DB, test.account, test.ref)
		if test.found != (err == nil && got.ID == d.ID) {
			t.Errorf("%q for account %d: %+v, %v", test.ref, test.account, got, err)
		}
	}
}

func TestRecordsOfOtherDomainsAreNotFound(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	w.Create("example.net")
	r := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"www","data":"1.2.3.4"}`))
	const missing = "not about a field: The resource you were accessing could not be found."
	if _, err := w.TryUpdate("example.net", r.ID, domaintest.Params(t, `{"data":"1.2.3.5"}`)); domaintest.Message(err) != missing {
		t.Errorf("update: %v", err)
	}
	if _, err := w.TryDelete("example.net", r.ID); domaintest.Message(err) != missing {
		t.Errorf("delete: %v", err)
	}
	_, err := domaintest.Try(w.DB, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.Service.DeleteRecord(ctx, tx, domaintest.Other, "example.com", r.ID)
	})
	if domaintest.Message(err) != missing {
		t.Errorf("delete by another account: %v", err)
	}
}

// A serial is the time, or the last serial plus 1 if the time is not later than that:
// within a second, when a domain is created again, and after an import.
func TestSerialsGrow(t *testing.T) {
	w := newWorld(t)
	serial := func() uint32 { return w.Find("example.com").Serial }
	expect := func(what string, want uint32) {
		t.Helper()
		if got := serial(); got != want || w.Server.Serial("example.com") != want {
			t.Errorf("%s: serial %d, served %d, want %d", what, got, w.Server.Serial("example.com"), want)
		}
	}
	w.Create("example.com")
	expect("a new domain", 1_700_000_000)
	r := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"www","data":"1.2.3.4"}`))
	expect("in the same second", 1_700_000_001)
	w.TryUpdate("example.com", r.ID, domaintest.Params(t, `{"data":"1.2.3.4","ttl":1800}`))
	expect("nothing changed", 1_700_000_001)
	w.Clock.Advance(time.Hour)
	w.TryUpdate("example.com", r.ID, domaintest.Params(t, `{"ttl":60}`))
	expect("an hour later", 1_700_003_600)
	w.Remove("example.com")
	w.Create("example.com")
	expect("made anew", 1_700_003_602)
	w.Clock.Advance(-24 * time.Hour)
	w.Remove("example.com")
	w.Create("example.com")
	expect("made anew in the past", 1_700_003_604)
	imported := "@ SOA ns1.x. host.x. 2026010203 1 2 3 4\n@ NS ns1.x.\n"
	if _, err := domaintest.Try(w.DB, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) {
		return w.Service.Update(ctx, tx, domaintest.Mine, "example.com", domain.Change{File: zonefile.Parse("example.com", 1800, imported)})
	}); err != nil {
		t.Fatal(err)
	}
	expect("imported", 2026010204)
	w.Remove("example.com")
	imported = "@ SOA ns1.x. host.x. 4294967295 1 2 3 4\n"
	if _, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, imported)}); err != nil {
		t.Fatal(err)
	}
	// By RFC 1982 beyond the greatest comes the least: this is later than both.
	expect("imported with the greatest serial", 2026010206)
	w.Remove("example.com")
	w.Clock.Advance(20 * 365 * 24 * time.Hour) // where the time is not later than that
	imported = "@ SOA ns1.x. host.x. 4294967295 1 2 3 4\n"
	if _, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "example.net", File: zonefile.Parse("example.net", 1800, imported)}); err != nil {
		t.Fatal(err)
	}
	if got := w.Find("example.net").Serial; got != 1 { // 0 is left out
		t.Errorf("after the greatest serial comes %d", got)
	}
}
