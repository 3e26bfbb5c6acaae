// Package size is the catalogue of droplet sizes.
package size

import (
	"math"
	"slices"
)

// Size is a droplet's dimensions and what it would cost elsewhere.
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

// Catalog is the sizes of one cloud.
type Catalog struct {
	sizes   []Size
	bySlug  map[string]Size
	fits    func(Size) bool
	regions []string
}

// NewCatalog returns all sizes, cheapest first, offered in those regions. A
// size that does not fit the machines is listed as not available; fits is
// asked at every use, because it may have to find out first.
func NewCatalog(regions []string, fits func(Size) bool) *Catalog {
	c := &Catalog{sizes: sizes, bySlug: map[string]Size{}, fits: fits, regions: regions}
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

// First returns the cheapest size that suits.
func (c *Catalog) First(suits func(Size) bool) (Size, bool) {
	i := slices.IndexFunc(c.sizes, suits)
	if i < 0 {
		return Size{}, false
	}
	return c.sizes[i], true
}

// Available reports whether droplets of that size can be made here.
func (c *Catalog) Available(s Size) bool { return c.fits(s) }

// AvailableSlugs returns the slugs of the sizes that can be made here.
func (c *Catalog) AvailableSlugs() []string {
	slugs := []string{}
	for _, s := range c.sizes {
		if c.fits(s) {
			slugs = append(slugs, s.Slug)
		}
	}
	return slugs
}
