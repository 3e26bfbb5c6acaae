package contract

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/transfer"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// ask queries the name server of the cloud over UDP.
func (c *client) ask(name string, kind uint16) *dns.Msg {
	c.T.Helper()
	query := new(dns.Msg).SetQuestion(name, kind)
	answer, err := dns.Exchange(query, c.Server.Names.Addresses()[0].String())
	if err != nil {
		c.T.Fatal(err)
	}
	return answer
}

// anyPort is an address for which the kernel chooses the port.
var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

func newNameserver(t *testing.T, change ...func(*server.Config)) *client {
	t.Helper()
	c := newClient(t, append(change, func(s *server.Config) { s.Names.Addresses = []netip.AddrPort{anyPort} })...)
	if err := c.Server.Names.Answer(); err != nil {
		t.Fatal(err)
	}
	return c
}

// After the API has confirmed a change, the next DNS query gets the new data.
func TestDomainChangesAreAnsweredAtOnce(t *testing.T) {
	c := newNameserver(t)
	if a := c.ask("example.com.", dns.TypeSOA); a.Rcode != dns.RcodeRefused {
		t.Errorf("before there is a domain: %v", a)
	}
	if a := c.Do("POST", "/v2/domains", `{"name":"example.com","ip_address":"192.0.2.1"}`); a.StatusCode != http.StatusCreated {
		t.Fatal(a.Text)
	}
	if a := c.ask("eXample.com.", dns.TypeA); len(a.Answer) != 1 || a.Answer[0].(*dns.A).A.String() != "192.0.2.1" || !a.Authoritative {
		t.Errorf("the new domain: %v", a)
	}
	var serial uint32
	for i := range 20 {
		record := c.Do("POST", "/v2/domains/example.com/records", fmt.Sprintf(`{"type":"A","name":"www-%d","data":"192.0.2.%d"}`, i, i))
		name := fmt.Sprintf("www-%d.example.com.", i)
		if a := c.ask(name, dns.TypeA); len(a.Answer) != 1 {
			t.Errorf("record %d of %s: %v", i, record.Text, a)
		}
		path := fmt.Sprintf("/v2/domains/example.com/records/%v", record.At("domain_record", "id"))
		c.Do("PATCH", path, `{"type":"A","data":"198.51.100.7"}`)
		if a := c.ask(name, dns.TypeA); len(a.Answer) != 1 || a.Answer[0].(*dns.A).A.String() != "198.51.100.7" {
			t.Errorf("changed record %d: %v", i, a)
		}
		c.Do("DELETE", path, "")
		if a := c.ask(name, dns.TypeA); a.Rcode != dns.RcodeNameError || len(a.Ns) != 1 {
			t.Errorf("removed record %d: %v", i, a)
		}
		now := c.ask("example.com.", dns.TypeSOA).Answer[0].(*dns.SOA).Serial
		if now <= serial {
			t.Errorf("serial %d after %d", now, serial)
		}
		serial = now
	}
	if a := c.Do("DELETE", "/v2/domains/example.com", ""); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.Text)
	}
	if a := c.ask("example.com.", dns.TypeSOA); a.Rcode != dns.RcodeRefused {
		t.Errorf("after the domain: %v", a)
	}
}

// A droplet whose name is in a domain has a PTR record if the account has the
// reverse zone. The record has the current name, and lasts as long as the
// droplet has the address.
func TestDropletsHavePTRRecords(t *testing.T) {
	c := newNameserver(t)
	for _, name := range []string{"example.com", "18.127.in-addr.arpa"} {
		if a := c.Do("POST", "/v2/domains", fmt.Sprintf(`{"name":%q}`, name)); a.StatusCode != http.StatusCreated {
			t.Fatal(a.Text)
		}
	}
	c.Create(`{"name":"web-1.example.com","size":"1gb","image":"micro"}`)
	address := c.Do("GET", "/v2/droplets/1", "").At("droplet", "public_ip").(string)
	reverse, err := dns.ReverseAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	pointer := func() string {
		a := c.ask(reverse, dns.TypePTR)
		if len(a.Answer) != 1 {
			return dns.RcodeToString[a.Rcode]
		}
		return a.Answer[0].(*dns.PTR).Ptr
	}
	if got := pointer(); got != "web-1.example.com." {
		t.Errorf("the new droplet: %s", got)
	}
	c.Do("PATCH", "/v2/droplets/1", `{"name":"web-2.example.com"}`)
	if got := pointer(); got != "web-2.example.com." {
		t.Errorf("the renamed droplet: %s", got)
	}
	c.Do("PATCH", "/v2/droplets/1", `{"name":"elsewhere.example.org"}`)
	if got := pointer(); got != "NXDOMAIN" {
		t.Errorf("the droplet of a name elsewhere: %s", got)
	}
	c.Do("PATCH", "/v2/droplets/1", `{"name":"web-1.example.com"}`)
	c.Do("DELETE", "/v2/droplets/1", "", "Prefer", "wait=60")
	if got := pointer(); got != "NXDOMAIN" {
		t.Errorf("the deleted droplet: %s", got)
	}
}

// A secondary can copy a domain with its TSIG key, and not without it.
func TestSecondaryCopiesDomainsWithItsKey(t *testing.T) {
	const secret = "c2VjcmV0IG9mIGEgcG9vbCBvZiByb2Nrcw=="
	c := newNameserver(t, func(s *server.Config) {
		s.Names.Transfer = transfer.Config{
			Keys: []transfer.Key{{Name: "pool.", Algorithm: dns.HmacSHA256, Secret: secret}}, Catalog: "catalog.invalid.",
		}
	})
	c.Do("POST", "/v2/domains", `{"name":"example.com","ip_address":"192.0.2.1"}`)
	read := func(zone string, signed bool) (records int, err error) {
		request := new(dns.Msg).SetAxfr(zone)
		transfer := &dns.Transfer{}
		if signed {
			transfer.TsigSecret = map[string]string{"pool.": secret}
			request.SetTsig("pool.", dns.HmacSHA256, 300, time.Now().Unix())
		}
		messages, err := transfer.In(request, c.Server.Names.Addresses()[0].String())
		if err != nil {
			return 0, err
		}
		for message := range messages {
			if message.Error != nil {
				return records, message.Error
			}
			records += len(message.RR)
		}
		return records, nil
	}
	if n, err := read("example.com.", true); err != nil || n != 6 { // SOA, three NS, A, SOA
		t.Errorf("with the key: %d records, %v", n, err)
	}
	if n, err := read("catalog.invalid.", true); err != nil || n != 5 { // SOA, NS, version, the member, SOA
		t.Errorf("the catalog: %d records, %v", n, err)
	}
	if n, err := read("example.com.", false); err == nil {
		t.Errorf("without the key: %d records", n)
	}
	if a := c.Do("POST", "/v2/domains/example.com/dnssec", `{"type":"sign"}`); a.StatusCode != http.StatusOK {
		t.Fatal(a.Text)
	}
	if n, err := read("example.com.", true); err != nil || n != 13 { // and also DNSKEY, four RRSIG, and NSEC with its RRSIG
		t.Errorf("signed: %d records, %v", n, err)
	}
}
