package answer

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// RateLimit bounds how often the same is answered to the same network by UDP,
// so that the server is of little use to those who forge their victim's
// address. A network is an IPv4 /24 or an IPv6 /56; the same is one RRset, or
// the absence of anything in a zone, or an error. Clients with a good cookie,
// and those by TCP, are who they say and not bounded.
type RateLimit struct {
	PerSecond int            // answers; default 200, negative: no bound
	Slip      int            // every how many'th answer over the bound is sent, truncated, so that who is not forged can ask by TCP; default 2, negative: none
	Exempt    []netip.Prefix // networks that are not bounded; nil: loopback
}

func (c *RateLimit) fill() {
	if c.PerSecond == 0 {
		c.PerSecond = 200
	}
	if c.Slip == 0 {
		c.Slip = 2
	}
	if c.Exempt == nil {
		c.Exempt = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
}

// limiter counts answers in buckets. A bucket is one word: a part of the hash of
// whose it is, and the time in microseconds at which all that it has given out
// is paid back (the generic cell rate algorithm). Whoever finds another's
// bucket takes it: in doubt an answer goes out.
type limiter struct {
	RateLimit
	buckets []atomic.Uint64
	began   time.Time
}

var rateSeed = maphash.MakeSeed()

const (
	bucketBits = 17
	timeBits   = 40
	timeMask   = 1<<timeBits - 1
	burst      = uint64(time.Second / time.Microsecond) // what may be owed
)

func newLimiter(config RateLimit) *limiter {
	config.fill()
	if config.PerSecond < 0 {
		return nil
	}
	return &limiter{RateLimit: config, buckets: make([]atomic.Uint64, 1<<bucketBits), began: time.Now()}
}

// bounded tells whether a client is one of those who are bounded.
func (l *limiter) bounded(remote netip.Addr) bool {
	if l == nil {
		return false
	}
	for _, p := range l.Exempt {
		if p.Contains(remote) {
			return false
		}
	}
	return true
}

// take counts an answer about a subject. False if it is one too many.
func (l *limiter) take(remote netip.Addr, subject *zonedata.RRset, now time.Time) bool {
	length := 56
	if remote.Is4() {
		length = 24
	}
	network, _ := remote.Prefix(length)
	var key [24]byte
	address := network.Addr().As16()
	copy(key[:], address[:])
	binary.LittleEndian.PutUint64(key[16:], uint64(uintptr(unsafe.Pointer(subject))))
	hash := maphash.Bytes(rateSeed, key[:])
	bucket := &l.buckets[hash>>(64-bucketBits)]
	tag := hash << timeBits
	at := uint64(now.Sub(l.began)/time.Microsecond) & timeMask
	for {
		old := bucket.Load()
		owed := (old - at) & timeMask // from now on
		if old&^timeMask != tag || owed > 2*burst {
			owed = 0 // another's, or all is paid back
		}
		if owed > burst {
			return false
		}
		owed += burst / uint64(l.PerSecond)
		if bucket.CompareAndSwap(old, tag|(at+owed)&timeMask) {
			return true
		}
	}
}
