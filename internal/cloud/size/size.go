// Package size is the catalogue of droplet sizes.
package size

import (
	"math"
	"slices"
	"sync/atomic"
)

// Size is a droplet's dimensions, and its price at DigitalOcean.
type Size struct {
	Slug         string
	VCPUs        int
	MemoryMB     int
	DiskGB       int
	TransferTB   float64
	PriceMonthly float64 // USD
	Description  string  // the class of the size
}

// PriceHourly is in USD: a month is billed as 672 hours at the most.
func (s Size) PriceHourly() float64 {
	return math.Round(s.PriceMonthly/672*1e5) / 1e5
}

// Bounds are the largest dimensions of machines here; 0 is no bound.
type Bounds struct {
	MemoryMB int
	VCPUs    int
	DiskGB   int
}

func (b Bounds) fit(s Size) bool {
	return (b.MemoryMB == 0 || s.MemoryMB <= b.MemoryMB) && (b.VCPUs == 0 || s.VCPUs <= b.VCPUs) &&
		(b.DiskGB == 0 || s.DiskGB <= b.DiskGB)
}

// Catalog is the sizes of one cloud.
type Catalog struct {
	sizes   []Size
	bySlug  map[string]Size
	bounds  func() (b Bounds, known bool)
	regions []string
	cached  atomic.Pointer[offer] // once the bounds are known
}

// offer is the views of all sizes, and the slugs of those within the bounds. It is
// cached, because every droplet in a list has its size and the sizes of its region.
type offer struct {
	views     map[string]*View
	available []string
}

// NewCatalog returns all sizes, cheapest first, offered in those regions. A size
// beyond the bounds is listed as not available. bounds is called until known is true;
// the bounds must not change after that.
func NewCatalog(regions []string, bounds func() (b Bounds, known bool)) *Catalog {
	c := &Catalog{sizes: sizes, bySlug: map[string]Size{}, bounds: bounds, regions: regions}
	for _, s := range sizes {
		c.bySlug[s.Slug] = s
	}
	return c
}

// Find returns the size with that slug.
func (c *Catalog) Find(slug string) (Size, bool) {
	s, ok := c.bySlug[slug]
	return s, ok
}

// First returns the cheapest size for which suits returns true.
func (c *Catalog) First(suits func(Size) bool) (Size, bool) {
	i := slices.IndexFunc(c.sizes, suits)
	if i < 0 {
		return Size{}, false
	}
	return c.sizes[i], true
}

// Available reports whether droplets of that size can be created.
func (c *Catalog) Available(s Size) bool { return slices.Contains(c.AvailableSlugs(), s.Slug) }

// Fits reports whether a machine with those dimensions can be made here.
func (c *Catalog) Fits(vcpus, memoryMB, diskGB int) bool {
	bounds, _ := c.bounds()
	return bounds.fit(Size{VCPUs: vcpus, MemoryMB: memoryMB, DiskGB: diskGB})
}

// AvailableSlugs returns the slugs of the available sizes. The caller must not change
// them.
func (c *Catalog) AvailableSlugs() []string { return c.offer().available }

// ViewOf returns the view of the size with that slug; nil if there is none. The
// caller must not change it.
func (c *Catalog) ViewOf(slug string) *View { return c.offer().views[slug] }

func (c *Catalog) offer() *offer {
	if o := c.cached.Load(); o != nil {
		return o
	}
	bounds, known := c.bounds()
	o := &offer{views: map[string]*View{}, available: []string{}}
	for _, s := range c.sizes {
		available := bounds.fit(s)
		o.views[s.Slug] = c.view(s, available)
		if available {
			o.available = append(o.available, s.Slug)
		}
	}
	if known {
		c.cached.Store(o)
	}
	return o
}
