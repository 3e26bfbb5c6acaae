// Package key is the SSH public keys that droplets are made with.
package key

import (
	"bytes"
	"crypto/ed25519"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

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

// types are the kinds of keys that are accepted. OpenSSH's sk- types, for keys
// in hardware, are more than DigitalOcean takes.
var types = []string{
	"ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-ed25519",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
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
	// Of white space, sshd knows only these two.
	fields := strings.FieldsFunc(publicKey, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) < 2 {
		return "", errShape
	}
	if !slices.Contains(types, fields[0]) {
		return "", errType
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || !wellFormed(blob, fields[0]) {
		return "", errShape
	}
	sum := md5.Sum(blob)
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(pairs, ":"), nil
}

// wellFormed reports whether a key's blob is a sequence of length-prefixed
// strings (RFC 4253, section 6.6), the first of which is the key's type and at
// least one more follows.
func wellFormed(blob []byte, keyType string) bool {
	for n := 0; ; n++ {
		if len(blob) == 0 {
			return n >= 2
		}
		if len(blob) < 4 {
			return false
		}
		length := binary.BigEndian.Uint32(blob)
		blob = blob[4:]
		if uint64(length) > uint64(len(blob)) {
			return false
		}
		if n == 0 && !bytes.Equal(blob[:length], []byte(keyType)) {
			return false
		}
		if n == 1 && (length == 0 || keyType == "ssh-ed25519" && length != ed25519.PublicKeySize) {
			return false
		}
		blob = blob[length:]
	}
}

// identity is what a key is asked for by: its id or its fingerprint.
type identity struct {
	id          int64
	fingerprint string
}

// parseIdentity reads an id, or a fingerprint in whatever case and with or
// without "MD5:" before it.
func parseIdentity(text string) identity {
	if id, ok := resource.ParseID(text); ok {
		return identity{id: id}
	}
	text = strings.ToLower(text)
	return identity{fingerprint: strings.TrimPrefix(text, "md5:")}
}
