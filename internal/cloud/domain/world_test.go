package domain_test

import (
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
)

// world adds what the tests of this package need.
type world struct{ *domaintest.World }

func newWorld(t testing.TB) *world { return &world{domaintest.New(t)} }

func openWorld(t testing.TB, path string) *world { return &world{domaintest.Open(t, path)} }
