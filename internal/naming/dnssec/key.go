package dnssec

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/dns"
)

// Key is a combined signing key: ECDSA P-256 with SHA-256, algorithm 13 (RFC
// 6605). It signs all RRsets of a zone, and the parent zone's DS record refers to it.
type Key struct {
	private *ecdsa.PrivateKey
	public  string // as in a DNSKEY record
	tag     uint16
}

// Generate returns a new key whose tag differs from those of the others.
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
		if !slices.ContainsFunc(others, func(other *Key) bool { return other.tag == k.tag }) {
			return k, nil
		}
	}
}

// ParseKey is the inverse of Key.Marshal.
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
	// RFC 6605, section 4, omits the byte that marks the point as uncompressed.
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
