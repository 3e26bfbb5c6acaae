package dns

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/miekg/dns"
)

// DNS cookies (RFC 7873), the server's made as in RFC 9018, so that all servers
// that share a secret take each other's.
const (
	clientCookie = 8
	serverCookie = 16 // version, 3 reserved, timestamp, hash
	cookieOption = 4 + clientCookie + serverCookie

	cookieLife  = 3600 // seconds that a cookie is good for (RFC 9018, section 4.3)
	cookieRenew = 1800 // its age from which a new one is sent
	cookieSkew  = 300  // how far another server's clock may be ahead
)

// secret is a key of SipHash.
type secret [16]byte

// cookies makes and checks cookies for one query.
type cookies struct {
	secret *secret
	now    uint32 // seconds since 1970, modulo 2^32
}

// make returns the server's cookie for a client's.
func (c cookies) make(client []byte, remote netip.Addr) (server [serverCookie]byte) {
	server[0] = 1
	binary.BigEndian.PutUint32(server[4:], c.now)
	c.sign(&server, client, remote)
	return server
}

// sign fills in the hash of a cookie.
func (c cookies) sign(server *[serverCookie]byte, client []byte, remote netip.Addr) {
	var buf [clientCookie + 8 + 16]byte
	input := append(buf[:0], client...)
	input = append(input, server[:8]...)
	if remote = remote.Unmap(); remote.Is4() {
		address := remote.As4()
		input = append(input, address[:]...)
	} else {
		address := remote.As16()
		input = append(input, address[:]...)
	}
	binary.LittleEndian.PutUint64(server[8:], sipHash(c.secret, input))
}

// check tells whether the data of a cookie option, the client's cookie and ours,
// is good, and whether it is fresh enough to be sent back.
func (c cookies) check(cookie []byte, remote netip.Addr) (good, fresh bool) {
	if len(cookie) != clientCookie+serverCookie {
		return false, false
	}
	client, given := cookie[:clientCookie], [serverCookie]byte(cookie[clientCookie:])
	age := int32(c.now - binary.BigEndian.Uint32(given[4:])) // in the arithmetic of RFC 1982
	if given[0] != 1 || age > cookieLife || age < -cookieSkew {
		return false, false
	}
	want := given
	c.sign(&want, client, remote)
	good = want == given
	return good, good && age < cookieRenew
}

// append appends the option for a query that has come with one.
func (c cookies) append(buf []byte, q *query, remote netip.Addr) []byte {
	cookie := q.edns.cookie
	buf = append(buf, 0, byte(dns.EDNS0COOKIE), 0, clientCookie+serverCookie)
	if _, fresh := c.check(cookie, remote); fresh {
		return append(buf, cookie...)
	}
	server := c.make(cookie[:clientCookie], remote)
	return append(append(buf, cookie[:clientCookie]...), server[:]...)
}

// sipHash is SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein 2012).
func sipHash(key *secret, data []byte) uint64 {
	k0, k1 := binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])
	h := sip{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	last := uint64(len(data)) << 56
	for ; len(data) >= 8; data = data[8:] {
		h.word(binary.LittleEndian.Uint64(data))
	}
	for i, b := range data {
		last |= uint64(b) << (8 * i)
	}
	h.word(last)
	h[2] ^= 0xff
	for range 4 {
		h.round()
	}
	return h[0] ^ h[1] ^ h[2] ^ h[3]
}

type sip [4]uint64

func (v *sip) word(m uint64) {
	v[3] ^= m
	v.round()
	v.round()
	v[0] ^= m
}

func (v *sip) round() {
	v[0] += v[1]
	v[1] = bits.RotateLeft64(v[1], 13) ^ v[0]
	v[0] = bits.RotateLeft64(v[0], 32)
	v[2] += v[3]
	v[3] = bits.RotateLeft64(v[3], 16) ^ v[2]
	v[0] += v[3]
	v[3] = bits.RotateLeft64(v[3], 21) ^ v[0]
	v[2] += v[1]
	v[1] = bits.RotateLeft64(v[1], 17) ^ v[2]
	v[2] = bits.RotateLeft64(v[2], 32)
}
