package dnssec

import (
	"container/list"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Cache is an LRU cache of the signatures of denials. Zones may share one.
type Cache struct {
	size int

	mu    sync.Mutex
	order *list.List // of *cached, the last used one at the front
	all   map[cacheKey]*list.Element
}

type cacheKey struct {
	signer *Signer
	nsec   string // text of the NSEC record
}

type cached struct {
	key        cacheKey
	signatures []dns.RR
	fresh      time.Time
}

// NewCache returns a cache of at most size denials of some 600 bytes each.
func NewCache(size int) *Cache {
	return &Cache{size: size, order: list.New(), all: map[cacheKey]*list.Element{}}
}

// get returns copies of cached signatures, because several goroutines may pack them.
func (c *Cache) get(key cacheKey, now time.Time) (signatures []dns.RR, fresh time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.all[key]
	if !ok {
		return nil, fresh, false
	}
	entry := e.Value.(*cached)
	if !now.Before(entry.fresh) {
		return nil, fresh, false
	}
	c.order.MoveToFront(e)
	return zone.Copy(entry.signatures), entry.fresh, true
}

// put caches copies of signatures.
func (c *Cache) put(key cacheKey, signatures []dns.RR, fresh time.Time) {
	entry := &cached{key, zone.Copy(signatures), fresh}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.all[entry.key]; ok {
		e.Value = entry
		c.order.MoveToFront(e)
		return
	}
	c.all[entry.key] = c.order.PushFront(entry)
	for c.order.Len() > c.size {
		last := c.order.Back()
		delete(c.all, c.order.Remove(last).(*cached).key)
	}
}
