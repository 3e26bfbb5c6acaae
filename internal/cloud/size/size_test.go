package size_test

import (
	"slices"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
)

// While the bounds are not known, every size is available. Once they are known they
// apply, and are not asked for again.
func TestBoundsAreCachedOnceTheyAreKnown(t *testing.T) {
	asked := 0
	c := size.NewCatalog([]string{"nyc3"}, func() (size.Bounds, bool) {
		if asked++; asked <= 2 {
			return size.Bounds{}, false
		}
		return size.Bounds{MemoryMB: 2048, VCPUs: 2}, true
	})
	first, all := c.ViewOf("s-1vcpu-256mb"), c.AvailableSlugs()
	if !first.Available || len(all) < 10 || asked != 2 {
		t.Fatalf("%+v, %v, asked %d times", first, all, asked)
	}
	for range 3 {
		for slug, want := range map[string]bool{"s-1vcpu-256mb": true, "s-1vcpu-2gb": true, "s-3vcpu-1gb": false, "s-2vcpu-4gb": false} {
			found, _ := c.Find(slug)
			view := c.ViewOf(slug)
			if view.Available != want || len(view.Regions) == 1 != want || c.Available(found) != want || slices.Contains(c.AvailableSlugs(), slug) != want {
				t.Errorf("%s: %+v, available %v", slug, view, c.Available(found))
			}
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
	if view := c.ViewOf("nosuch"); view != nil {
		t.Errorf("no such size is shown as %+v", view)
	}
}

func TestZeroIsNoBound(t *testing.T) {
	c := size.NewCatalog(nil, func() (size.Bounds, bool) { return size.Bounds{VCPUs: 4}, true })
	if !c.ViewOf("m-4vcpu-32gb").Available || c.ViewOf("s-6vcpu-16gb").Available {
		t.Errorf("with 4 processors and any memory there are %v", c.AvailableSlugs())
	}
}
