package region_test

import (
	"slices"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
)

// Views have the features and sizes once these are known, and are cached then.
func TestViewsAreCachedOnceTheyAreKnown(t *testing.T) {
	known, asked := false, 0
	sizes := size.NewCatalog(nil, func() (size.Bounds, bool) {
		if !known {
			return size.Bounds{}, false
		}
		return size.Bounds{MemoryMB: 256}, true
	})
	c, err := region.NewCatalog([]string{"nyc3"}, sizes, func() ([]string, bool) {
		asked++
		if !known {
			return []string{}, false
		}
		return []string{"metadata"}, true
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := c.ViewOf("nyc3"); len(v.Features) != 0 || len(v.Sizes) < 10 || !v.Available {
		t.Errorf("before anything is known: %+v", v)
	}
	known = true
	for range 3 {
		v, other := c.ViewOf("nyc3"), c.ViewOf("ams3")
		if !slices.Equal(v.Features, []string{"metadata"}) || !slices.Equal(v.Sizes, []string{"s-1vcpu-256mb"}) {
			t.Errorf("when it is known: %+v", v)
		}
		if other.Available || other.Sizes == nil || len(other.Sizes) != 0 {
			t.Errorf("a region that is not served: %+v", other)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	if v := c.ViewOf("nowhere"); v != nil {
		t.Errorf("no such region is shown as %+v", v)
	}
}
