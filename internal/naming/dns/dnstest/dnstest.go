// Package dnstest has zones, a signer and keys for tests of name servers.
package dnstest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Zone returns a zone of its text.
func Zone(t testing.TB, origin, text string) zone.Zone {
	t.Helper()
	z := zone.Zone{Origin: origin}
	p := dns.NewZoneParser(strings.NewReader("$TTL 300\n"+text), origin, "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		z.Records = append(z.Records, rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return z
}

// Record returns a record of its text.
func Record(t testing.TB, text string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Delegated returns a zone of an SOA and an NS record, with the data of the DS
// records that the zone above is to have for it.
func Delegated(t testing.TB, origin string, ds ...string) zone.Zone {
	t.Helper()
	z := Zone(t, origin, Tiny)
	for _, text := range ds {
		z.DS = append(z.DS, Record(t, origin+" 300 IN DS "+text))
	}
	return z
}

// Texts of zones, relative to any origin.
const (
	// Tiny has an SOA and an NS record.
	Tiny = "@ SOA ns hostmaster 9 1 1 1 1\n@ NS ns\n"
	// Digest is the data of a DS record without the key's tag.
	Digest = "13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
)

// Small has an address beside what every zone has.
const Small = `
@ SOA ns1 hostmaster 1 10800 3600 604800 1800
@ NS ns1
ns1 A 192.0.2.1
`

// Big has names of all kinds.
const Big = `
@ 3600 SOA ns1 hostmaster 7 10800 3600 604800 1800
@ NS ns1
@ NS ns2.example.net.
@ MX 10 mail
@ MX 20 mail.example.net.
@ MX 30 mail
@ TXT "apex"
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
mail A 192.0.2.2
mail A 192.0.2.3
mail AAAA 2001:db8::2
www CNAME mail
MiXeD A 192.0.2.4
a.b.ent TXT "far below"
_sip._tcp SRV 1 2 5060 mail
_sip._udp SRV 1 2 5060 mail.example.net.
_no._tcp SRV 0 0 0 .
caa CAA 0 issue "ca.example.net"
ptr PTR www
odd TYPE65280 \# 3 010203
many A 192.0.2.5
many MX 5 mail
many TXT "one" "two"

*.wild A 192.0.2.9
*.wild TXT "wild"
host.wild A 192.0.2.10
y.z.wild TXT "below"
*.cn CNAME mail
*.cnx CNAME gone
*.loop CNAME x.loop
*.mx MX 10 mail
sub.*.star TXT "below the asterisk"
*.wd A 192.0.2.11
d.wd NS ns1
*.cd CNAME x.sub
*.*.two A 192.0.2.12

sub NS ns.sub
sub NS ns2.SUB
ns.sub A 192.0.2.20
ns.sub AAAA 2001:db8::20
ns2.sub A 192.0.2.21
occluded.sub A 192.0.2.22
*.sub TXT "occluded"
deep.sub NS ns1
ext NS ns.example.net.
sib NS ns.sub
in NS ns1
self NS self
self A 192.0.2.23
at.here NS ns.at.here
ns.at.here A 192.0.2.24
secure NS ns1
secure DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF

toapex CNAME @
todeleg CNAME x.sub
tocut CNAME sub
toself CNAME toself
l1 CNAME l2
l2 CNAME L3
l3 CNAME l1
out CNAME www.example.net.
tonone CNAME none
toent CNAME ent
towild CNAME q.wild
towildcn CNAME q.cn
c1 CNAME c2
c2 CNAME c3
c3 CNAME mail
child NS ns.child
ns.child A 192.0.2.30
below.child A 192.0.2.31
`

// Child is a zone below Big, at child.
const Child = `
@ 600 SOA ns hostmaster 9 1 1 1 1200
@ NS ns
ns A 192.0.2.30
www A 192.0.2.32
up CNAME www.example.com.
`

// Signer makes records that look like signatures, and NSEC records whose
// next name says what was to be denied.
type Signer struct {
	Calls *[]string // what was signed, as name and type; nil: nobody wants to know
}

func (s Signer) Sign(rrset []dns.RR) ([]dns.RR, time.Time, error) {
	h := rrset[0].Header()
	if h.Name == "bad.example.com." {
		return nil, time.Time{}, errors.New("no key")
	}
	if s.Calls != nil {
		*s.Calls = append(*s.Calls, h.Name+" "+dns.TypeToString[h.Rrtype])
	}
	labels := dns.CountLabel(strings.TrimPrefix(h.Name, "*."))
	return []dns.RR{&dns.RRSIG{
		Hdr:         dns.RR_Header{Name: h.Name, Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: h.Ttl},
		TypeCovered: h.Rrtype, Labels: uint8(labels), OrigTtl: h.Ttl, SignerName: "example.com.", Signature: "AAAA",
	}}, time.Now().Add(time.Hour), nil
}

func (Signer) Deny(d zone.Denial) []dns.RR {
	kind := [...]string{"NoName", "NoType", "NoWildcardType", "Expanded", "Unsigned"}[d.Kind]
	return []dns.RR{&dns.NSEC{
		Hdr:        dns.RR_Header{Name: d.Name, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: d.SOA.Hdr.Ttl},
		NextDomain: kind + "." + d.Closest, TypeBitMap: d.Types,
	}}
}

func (Signer) SignZone(context.Context, []dns.RR, []dns.RR, func([]dns.RR)) error {
	return errors.New("whole zones are not signed here")
}

// Signed has what signed answers differ by.
const Signed = `
@ 3600 SOA ns1 hostmaster 7 10800 3600 604800 1800
@ NS ns1
@ MX 10 ns1
ns1 A 192.0.2.1
www CNAME ns1
a.ent A 192.0.2.1
*.wild A 192.0.2.2
*.cn CNAME ns1
bad A 192.0.2.3
sub NS ns.sub
ns.sub A 192.0.2.4
secure NS ns1
secure DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
`

// Keys are TSIG secrets by name, for HMAC-SHA256.
type Keys map[string]string

func (k Keys) Generate(msg []byte, t *dns.TSIG) ([]byte, error) {
	secret, ok := k[t.Hdr.Name]
	if !ok {
		return nil, dns.ErrSecret
	}
	if t.Algorithm != dns.HmacSHA256 {
		return nil, dns.ErrKeyAlg
	}
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write(msg)
	return h.Sum(nil), nil
}

func (k Keys) Verify(msg []byte, t *dns.TSIG) error {
	want, err := k.Generate(msg, t)
	if err != nil {
		return err
	}
	got, err := hex.DecodeString(t.MAC)
	if err != nil || !hmac.Equal(want, got) {
		return dns.ErrSig
	}
	return nil
}

// Key is a key by the name key.example.
var Key = Keys{"key.example.": base64.StdEncoding.EncodeToString([]byte("secret"))}
