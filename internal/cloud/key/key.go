// Package key has the SSH public keys for new droplets.
package key

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

// Key is one SSH public key of an account.
type Key struct {
	ID          int64  `json:"id"`
	Fingerprint string `json:"fingerprint"`
	PublicKey   string `json:"public_key"`
	Name        string `json:"name"`
}

// types are the types of keys that are accepted. OpenSSH's sk- types, for keys
// in hardware, are accepted too, although DigitalOcean rejects them. DSA is broken, but the API's
// message promises it; whether a guest lets it in is the guest's choice.
var types = []string{
	ssh.KeyAlgoRSA, "ssh-dss", ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoED25519,
	ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
}

// The messages are the contract's: clients compare them.
var (
	errShape = apierr.Invalid("public_key", "Key invalid, key should be of the format `type key [comment]`")
	errType  = apierr.Invalid("public_key", "Key invalid type, we support 'ssh-rsa', 'ssh-dss', 'ecdsa-sha2-nistp256', "+
		"'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', or 'ssh-ed25519'")
	errInUse = apierr.Invalid("public_key", "SSH Key is already in use on your account")
)

// Fingerprint returns the MD5 fingerprint of a public key in OpenSSH's
// one-line form, as 16 pairs of hex digits (RFC 4716, section 4).
func Fingerprint(publicKey string) (string, error) {
	if strings.Contains(publicKey, "BEGIN SSH2") {
		return "", errType
	}
	publicKey = strings.TrimSpace(publicKey)
	if strings.ContainsFunc(publicKey, func(r rune) bool { return r != '\t' && unicode.IsControl(r) }) {
		return "", errShape
	}
	// sshd separates the fields of a key by spaces and tabs only.
	fields := strings.FieldsFunc(publicKey, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) < 2 {
		return "", errShape
	}
	if !slices.Contains(types, fields[0]) {
		return "", errType
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return "", errShape
	}
	parsed, err := ssh.ParsePublicKey(blob)
	if err != nil || parsed.Type() != fields[0] {
		return "", errShape
	}
	return ssh.FingerprintLegacyMD5(parsed), nil
}

// identity identifies a key: by its id or its fingerprint.
type identity struct {
	id          int64
	fingerprint string
}

// parseIdentity parses an id or a fingerprint. A fingerprint may be in upper case
// and may begin with "MD5:".
func parseIdentity(text string) identity {
	if id, ok := resource.ParseID(text); ok {
		return identity{id: id}
	}
	text = strings.ToLower(text)
	return identity{fingerprint: strings.TrimPrefix(text, "md5:")}
}
