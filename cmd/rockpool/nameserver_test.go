package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// ask queries the cloud's name server by UDP.
func (c *client) ask(name string, kind uint16) *dns.Msg {
	c.t.Helper()
	query := new(dns.Msg).SetQuestion(name, kind)
	answer, err := dns.Exchange(query, c.cloud.names.server.Addresses()[0].String())
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

func newNameserver(t *testing.T, change ...func(*serveCommand)) *client {
	t.Helper()
	c := newClient(t, append(change, func(s *serveCommand) { s.DNS = "127.0.0.1:0" })...)
	if err := c.cloud.names.answer(); err != nil {
		t.Fatal(err)
	}
	return c
}

// What the API has answered, the next query is answered by.
func TestDomainsAreAnswered(t *testing.T) {
	c := newNameserver(t)
	if a := c.ask("example.com.", dns.TypeSOA); a.Rcode != dns.RcodeRefused {
		t.Errorf("before there is a domain: %v", a)
	}
	if a := c.do("POST", "/v2/domains", `{"name":"example.com","ip_address":"192.0.2.1"}`); a.StatusCode != http.StatusCreated {
		t.Fatal(a.text)
	}
	if a := c.ask("eXample.com.", dns.TypeA); len(a.Answer) != 1 || a.Answer[0].(*dns.A).A.String() != "192.0.2.1" || !a.Authoritative {
		t.Errorf("the new domain: %v", a)
	}
	var serial uint32
	for i := range 20 {
		record := c.do("POST", "/v2/domains/example.com/records", fmt.Sprintf(`{"type":"A","name":"www-%d","data":"192.0.2.%d"}`, i, i))
		name := fmt.Sprintf("www-%d.example.com.", i)
		if a := c.ask(name, dns.TypeA); len(a.Answer) != 1 {
			t.Errorf("record %d of %s: %v", i, record.text, a)
		}
		path := fmt.Sprintf("/v2/domains/example.com/records/%v", record.at("domain_record", "id"))
		c.do("PATCH", path, `{"type":"A","data":"198.51.100.7"}`)
		if a := c.ask(name, dns.TypeA); len(a.Answer) != 1 || a.Answer[0].(*dns.A).A.String() != "198.51.100.7" {
			t.Errorf("changed record %d: %v", i, a)
		}
		c.do("DELETE", path, "")
		if a := c.ask(name, dns.TypeA); a.Rcode != dns.RcodeNameError || len(a.Ns) != 1 {
			t.Errorf("removed record %d: %v", i, a)
		}
		now := c.ask("example.com.", dns.TypeSOA).Answer[0].(*dns.SOA).Serial
		if now <= serial {
			t.Errorf("serial %d after %d", now, serial)
		}
		serial = now
	}
	if a := c.do("DELETE", "/v2/domains/example.com", ""); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.text)
	}
	if a := c.ask("example.com.", dns.TypeSOA); a.Rcode != dns.RcodeRefused {
		t.Errorf("after the domain: %v", a)
	}
}

// A droplet inside a domain has its PTR record where the reverse zone is here,
// with its present name and for as long as it has the address.
func TestDropletsHavePointers(t *testing.T) {
	c := newNameserver(t)
	for _, name := range []string{"example.com", "18.127.in-addr.arpa"} {
		if a := c.do("POST", "/v2/domains", fmt.Sprintf(`{"name":%q}`, name)); a.StatusCode != http.StatusCreated {
			t.Fatal(a.text)
		}
	}
	c.create(`{"name":"web-1.example.com","size":"1gb","image":"micro"}`)
	address := c.do("GET", "/v2/droplets/1", "").at("droplet", "public_ip").(string)
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
	c.do("PATCH", "/v2/droplets/1", `{"name":"web-2.example.com"}`)
	if got := pointer(); got != "web-2.example.com." {
		t.Errorf("the renamed droplet: %s", got)
	}
	c.do("PATCH", "/v2/droplets/1", `{"name":"elsewhere.example.org"}`)
	if got := pointer(); got != "NXDOMAIN" {
		t.Errorf("the droplet of a name elsewhere: %s", got)
	}
	c.do("PATCH", "/v2/droplets/1", `{"name":"web-1.example.com"}`)
	c.do("DELETE", "/v2/droplets/1", "", "Prefer", "wait=60")
	if got := pointer(); got != "NXDOMAIN" {
		t.Errorf("the deleted droplet: %s", got)
	}
}

// A secondary copies a domain with its key, and nobody without it.
func TestDomainsAreCopied(t *testing.T) {
	const secret = "c2VjcmV0IG9mIGEgcG9vbCBvZiByb2Nrcw=="
	c := newNameserver(t, func(s *serveCommand) {
		var key transferKey
		if err := key.UnmarshalText([]byte("pool:hmac-sha256:" + secret)); err != nil {
			t.Fatal(err)
		}
		s.TransferKey, s.Catalog = []transferKey{key}, "catalog.invalid"
	})
	c.do("POST", "/v2/domains", `{"name":"example.com","ip_address":"192.0.2.1"}`)
	read := func(zone string, signed bool) (records int, err error) {
		request := new(dns.Msg).SetAxfr(zone)
		transfer := &dns.Transfer{}
		if signed {
			transfer.TsigSecret = map[string]string{"pool.": secret}
			request.SetTsig("pool.", dns.HmacSHA256, 300, time.Now().Unix())
		}
		messages, err := transfer.In(request, c.cloud.names.server.Addresses()[0].String())
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
	if a := c.do("POST", "/v2/domains/example.com/dnssec", `{"type":"sign"}`); a.StatusCode != http.StatusOK {
		t.Fatal(a.text)
	}
	if n, err := read("example.com.", true); err != nil || n != 13 { // DNSKEY too, four RRSIG, and NSEC with its own
		t.Errorf("signed: %d records, %v", n, err)
	}
}
