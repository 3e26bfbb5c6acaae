package image

import (
	"slices"
	"testing"
)

// Clients show an image as its distribution and its name in a row, and some
// know no other distributions than these.
func TestDistributions(t *testing.T) {
	known := []string{"AlmaLinux", "CentOS", "Debian", "Fedora", "Rocky Linux", "Ubuntu"}
	for _, e := range catalog("") {
		if !slices.Contains(known, e.distribution) {
			t.Errorf("image %s is of the distribution %q, not one of %q", e.slug, e.distribution, known)
		}
	}
}
