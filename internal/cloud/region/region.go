// Package region has the catalogue of regions, the places of droplets.
package region

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

//go:embed schema.json
var schema []byte

// regions are DigitalOcean's, so that the defaults of clients work.
var regions = []Region{
	{"nyc1", "New York 1"}, {"nyc2", "New York 2"}, {"nyc3", "New York 3"},
	{"ams2", "Amsterdam 2"}, {"ams3", "Amsterdam 3"},
	{"sfo1", "San Francisco 1"}, {"sfo2", "San Francisco 2"}, {"sfo3", "San Francisco 3"},
	{"sgp1", "Singapore 1"}, {"lon1", "London 1"}, {"fra1", "Frankfurt 1"}, {"tor1", "Toronto 1"},
	{"blr1", "Bangalore 1"}, {"syd1", "Sydney 1"}, {"atl1", "Atlanta 1"},
}

// Region is one place.
type Region struct{ Slug, Name string }

// DefaultVPC is the id of the network that droplets of the region are in
// unless they ask for another one.
func (r Region) DefaultVPC() string {
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte("default.vpc."+r.Slug+".rockpool")).String()
}

// Slugs returns the slugs of all regions.
func Slugs() []string {
	var slugs []string
	for _, r := range regions {
		slugs = append(slugs, r.Slug)
	}
	return slugs
}

// Catalog is the regions of one cloud.
type Catalog struct {
	available []string
	sizes     *size.Catalog
	features  func() (features []string, known bool)
	cached    atomic.Pointer[map[string]*View] // by slug, once the features are known
}

// NewCatalog returns all regions. Those in available take droplets. features is called
// until known is true; the features, and the sizes, must not change after that.
func NewCatalog(available []string, sizes *size.Catalog, features func() (features []string, known bool)) (*Catalog, error) {
	for _, slug := range available {
		if !slices.Contains(Slugs(), slug) {
			return nil, fmt.Errorf("unknown region %q; the regions are %s", slug, strings.Join(Slugs(), ", "))
		}
	}
	return &Catalog{available: available, sizes: sizes, features: features}, nil
}

// Find returns the region with that slug, in whatever case it is written.
func (c *Catalog) Find(slug string) (Region, bool) {
	slug = strings.ToLower(slug)
	i := slices.IndexFunc(regions, func(r Region) bool { return r.Slug == slug })
	if i < 0 {
		return Region{}, false
	}
	return regions[i], true
}

// Choose returns the region for a new droplet: the one with that slug, else the first
// available one whose slug begins with the text, which may be empty. ok reports
// whether there is such a region, and available whether it takes droplets.
func (c *Catalog) Choose(slug string) (r Region, ok, available bool) {
	if r, ok = c.Find(slug); ok {
		return r, true, c.Available(r)
	}
	for _, candidate := range regions {
		if strings.HasPrefix(candidate.Slug, strings.ToLower(slug)) {
			r, ok = candidate, true
			if c.Available(r) {
				return r, true, true
			}
		}
	}
	return r, ok, false
}

// Available reports whether the region takes new droplets.
func (c *Catalog) Available(r Region) bool { return slices.Contains(c.available, r.Slug) }

// View is a region as the API shows it.
type View struct {
	Name      string   `json:"name"`
	Slug      string   `json:"slug"`
	Features  []string `json:"features"`
	Available bool     `json:"available"`
	Sizes     []string `json:"sizes"`
}

// View returns the view of a region.
func (c *Catalog) View(r Region) View { return *c.views()[r.Slug] }

// ViewOf returns the view of the region with that slug; nil if there is none. The
// caller must not change it.
func (c *Catalog) ViewOf(slug string) *View { return c.views()[slug] }

// views returns the views of all regions by slug. They are cached, because every
// droplet in a list has one.
func (c *Catalog) views() map[string]*View {
	if cached := c.cached.Load(); cached != nil {
		return *cached
	}
	features, known := c.features()
	views := map[string]*View{}
	for _, r := range regions {
		v := &View{Name: r.Name, Slug: r.Slug, Features: features, Available: c.Available(r), Sizes: []string{}}
		if v.Available {
			v.Sizes = c.sizes.AvailableSlugs()
		}
		views[r.Slug] = v
	}
	if known {
		c.cached.Store(&views)
	}
	return views
}

// Resource returns the resource region.
func (c *Catalog) Resource() resource.Resource {
	return resource.Resource{Name: "region", Schema: schema, ShowsHost: true, Handlers: map[string]resource.Handler{
		"GET /regions":          c.list,
		"GET /regions/{region}": c.info,
	}, Filters: list.FilterNames(c.filters())}
}

var attrs = []list.Attr[Region]{{Name: "slug", Alias: "id", Value: func(r Region) string { return r.Slug }}}

func (c *Catalog) filters() []list.Filter[Region] {
	return []list.Filter[Region]{
		{Name: "available", Match: func(r Region, value string) bool { return strconv.FormatBool(c.Available(r)) == value }},
		{Name: "feature", Match: func(r Region, value string) bool { return slices.Contains(c.ViewOf(r.Slug).Features, value) }},
	}
}

func (c *Catalog) info(_ context.Context, r *resource.Request) (*resource.Response, error) {
	found, ok := c.Find(r.Path["region"])
	if !ok {
		return nil, apierr.NotFound()
	}
	return resource.One(http.StatusOK, "region", c.View(found)), nil
}

func (c *Catalog) list(_ context.Context, r *resource.Request) (*resource.Response, error) {
	found, err := list.Of(regions, attrs, c.filters(), r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("regions", found, c.View), nil
}
