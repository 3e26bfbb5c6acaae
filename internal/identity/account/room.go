package account

import (
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Room returns the room of accounts.
func Room(db *store.DB, limits Limits) resource.Room {
	return resource.Room{Name: "accounts", Resources: []resource.Resource{Resource(db, limits)}}
}
