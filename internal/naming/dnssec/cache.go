package dnssec

import (
	"container/list"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Cache keeps signatures of denials, those used last. Zones may share one.
type Cache struct {
	size int

	mu    sync.Mutex
	order *list.List // of *cached, that used last at the front
	all   map[cacheKey]*list.Element
}

type cacheKey struct {
	signer *Signer
	nsec   string // all that is signed
}

type cached struct {
	key        cacheKey
	signatures []dns.RR
	fresh      time.Time
}

// NewCache makes a cache of at most size denials, some 600 bytes each.
func NewCache(size int) *Cache {
	return &Cache{size: size, order: list.New(), all: map[cacheKey]*list.Element{}}
}

// get returns copies of what is kept, as many pack it.
func (c *Cache) get(key cacheKey, now time.Time) (signatures []dns.RR, fresh time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.all[key]
	if !ok {
		return nil, fresh, false
	}
	kept := e.Value.(*cached)
	if !now.Before(kept.fresh) {
		return nil, fresh, false
	}
	c.order.MoveToFront(e)
	return zone.Copy(kept.signatures), kept.fresh, true
}

// put keeps copies of signatures.
func (c *Cache) put(key cacheKey, signatures []dns.RR, fresh time.Time) {
	kept := &cached{key, zone.Copy(signatures), fresh}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.all[kept.key]; ok {
		e.Value = kept
		c.order.MoveToFront(e)
		return
	}
	c.all[kept.key] = c.order.PushFront(kept)
	for c.order.Len() > c.size {
		last := c.order.Back()
		delete(c.all, c.order.Remove(last).(*cached).key)
	}
}
