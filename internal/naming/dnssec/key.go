package dnssec

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/miekg/dns"
)

// Key is a combined signing key: ECDSA P-256 with SHA-256, algorithm 13 (RFC
// 6605). It signs all of a zone and is what the parent's DS names.
type Key struct {
	private *ecdsa.PrivateKey
	public  string // as in a DNSKEY record
	tag     uint16
}

// Generate makes a key whose tag is none of the others'.
func Generate(others ...*Key) (*Key, error) {
	for {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("generating a DNSSEC key: %w", err)
		}
		k, err := newKey(private)
		if err != nil {
			return nil, err
		}
		if !taken(k.tag, others) {
			return k, nil
		}
	}
}

func taken(tag uint16, by []*Key) bool {
	for _, k := range by {
		if k.tag == tag {
			return true
		}
	}
	return false
}

// ParseKey is the opposite of Key.Marshal.
func ParseKey(der []byte) (*Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parsing a DNSSEC key: %w", err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("parsing a DNSSEC key: it is not of ECDSA P-256")
	}
	return newKey(private)
}

func newKey(private *ecdsa.PrivateKey) (*Key, error) {
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding a DNSSEC key: %w", err)
	}
	// RFC 6605, section 4, has the point without the byte that says that it is
	// uncompressed.
	k := &Key{private: private, public: base64.StdEncoding.EncodeToString(point[1:])}
	k.tag = k.DNSKEY(".", 0).KeyTag()
	return k, nil
}

// Marshal returns the private key as PKCS #8.
func (k *Key) Marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.private) }

// Tag is the key's tag (RFC 4034, appendix B).
func (k *Key) Tag() uint16 { return k.tag }

// DNSKEY returns the key's record. The TTL is in seconds.
func (k *Key) DNSKEY(origin string, ttl uint32) *dns.DNSKEY {
	return &dns.DNSKEY{
		Hdr:       header(origin, dns.TypeDNSKEY, ttl),
		Flags:     dns.ZONE | dns.SEP,
		Protocol:  3,
		Algorithm: dns.ECDSAP256SHA256,
		PublicKey: k.public,
	}
}

// DS returns the digest of the key for the parent: SHA-256, type 2 (RFC 4509).
func (k *Key) DS(origin string, ttl uint32) *dns.DS {
	return k.DNSKEY(origin, ttl).ToDS(dns.SHA256)
}

func header(name string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}
