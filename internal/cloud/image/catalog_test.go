package image

import (
	"slices"
	"testing"
)

// Clients show an image's distribution and name in a row, and some clients know only
// these distributions.
func TestDistributionsAreThoseThatClientsKnow(t *testing.T) {
	known := []string{"AlmaLinux", "CentOS", "Debian", "Fedora", "Rocky Linux", "Ubuntu"}
	for _, e := range catalog("") {
		if !slices.Contains(known, e.distribution) {
			t.Errorf("image %s has the distribution %q, want one of %q", e.slug, e.distribution, known)
		}
	}
}
