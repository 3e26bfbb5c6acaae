package transfer

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/miekg/dns"
)

// Key is a TSIG key (RFC 8945).
type Key struct {
	Name      string // a domain name
	Algorithm string // hmac-sha256, hmac-sha384 or hmac-sha512; "" is hmac-sha256
	Secret    string // in base64
}

var algorithms = map[string]func() hash.Hash{
	dns.HmacSHA256: sha256.New,
	dns.HmacSHA384: sha512.New384,
	dns.HmacSHA512: sha512.New,
}

type secret struct {
	algorithm string
	key       []byte
}

// keys are secrets by canonical name. They implement dns.TsigProvider.
type keys map[string]secret

func newKeys(list []Key) (keys, error) {
	all := keys{}
	for _, k := range list {
		name, algorithm := dns.CanonicalName(k.Name), dns.CanonicalName(k.Algorithm)
		if k.Algorithm == "" {
			algorithm = dns.HmacSHA256
		}
		if algorithms[algorithm] == nil {
			return nil, fmt.Errorf("transfer: key %s: algorithm %q is none of hmac-sha256, hmac-sha384, hmac-sha512", k.Name, k.Algorithm)
		}
		key, err := base64.StdEncoding.DecodeString(k.Secret)
		if err != nil || len(key) == 0 {
			return nil, fmt.Errorf("transfer: key %s: the secret is not base64", k.Name)
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("transfer: key %s is there twice", k.Name)
		}
		all[name] = secret{algorithm, key}
	}
	return all, nil
}

func (k keys) Generate(msg []byte, t *dns.TSIG) ([]byte, error) {
	s, ok := k[dns.CanonicalName(t.Hdr.Name)]
	if !ok {
		return nil, dns.ErrSecret
	}
	if s.algorithm != dns.CanonicalName(t.Algorithm) {
		return nil, dns.ErrKeyAlg
	}
	h := hmac.New(algorithms[s.algorithm], s.key)
	h.Write(msg)
	return h.Sum(nil), nil
}

func (k keys) Verify(msg []byte, t *dns.TSIG) error {
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
