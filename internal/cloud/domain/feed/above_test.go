package feed_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// A node may read a domain in a newer version than that of the log entry. It then serves
// the domains below first: a secondary that copied the new serial before would keep
// the old delegations.
func TestDomainsBelowArePublishedFirst(t *testing.T) {
	for _, prune := range []bool{false, true} {
		t.Run(fmt.Sprintf("the log is pruned: %t", prune), func(t *testing.T) {
			path := storetest.Source(t)
			one := domaintest.Open(t, path)
			one.AddAccounts()
			one.Create("example.com")
			one.Create("gone.example.com")
			two := domaintest.Open(t, path)
			two.Server.ForgetCalls()
			_, err := domaintest.Try(one.DB, func(ctx context.Context, tx *store.Tx) (domain.SigningView, error) {
				return one.Sign(ctx, tx, domaintest.Mine, "example.com", domain.StepSign) // example.com is then read whole
			})
			if err != nil {
				t.Fatal(err)
			}
			one.Remove("gone.example.com")
			one.Create("sub.example.com")
			if prune {
				one.Clock.Advance(2 * time.Hour)
				if err := one.Feed.Prune(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := two.Feed.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := []string{"remove gone.example.com.", "put sub.example.com.", "put example.com."}; !slices.Equal(two.Server.Calls(), want) {
				t.Errorf("%q, want %q", two.Server.Calls(), want)
			}
			if got, want := two.Server.Serial("example.com"), one.Find("example.com").Serial; got != want {
				t.Errorf("served with the serial %d, want %d", got, want)
			}
		})
	}
}
