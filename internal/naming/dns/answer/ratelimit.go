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

// RateLimit limits how often the same answer goes to the same network by UDP, so
// that the server is of little use to attackers who forge the address of their
// victim. A network is an IPv4 /24 or an IPv6 /56. Answers are the same if they
// have the same first RRset, or deny a name or type of the same zone, or are
// errors. It does not apply to clients with a valid cookie and to connections:
// their address is proven.
type RateLimit struct {
	PerSecond int            // answers; default 200, negative: no limit
	Slip      int            // of so many answers over the limit one is sent, truncated, so that a real client asks by TCP; default 2, negative: none is sent
	Exempt    []netip.Prefix // networks without a limit; nil: loopback
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
// is paid back (the generic cell rate algorithm). If two networks or answers meet in
// a bucket, the later takes it over: in doubt an answer is sent.
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

// bounded reports whether the limit applies to an address.
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

// take counts an answer about a subject. False if it is over the limit.
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
