package dns

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/miekg/dns"
)

// keys are TSIG secrets by name, for HMAC-SHA256.
type keys map[string]string

func (k keys) Generate(msg []byte, t *dns.TSIG) ([]byte, error) {
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
