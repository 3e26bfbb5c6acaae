package answer

import (
	"encoding/binary"
	"net/netip"

	"github.com/dchest/siphash"
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
	k0, k1 := binary.LittleEndian.Uint64(c.secret[:]), binary.LittleEndian.Uint64(c.secret[8:])
	binary.LittleEndian.PutUint64(server[8:], siphash.Hash(k0, k1, input))
}

// check reports whether the data of a cookie option, which is the client's cookie
// and the server's, is valid, and whether it is new enough to be sent back.
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
