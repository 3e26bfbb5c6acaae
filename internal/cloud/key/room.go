package key

import (
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Room returns the room of SSH keys.
func Room(db *store.DB) resource.Room {
	return resource.Room{Name: "keys", Resources: []resource.Resource{Resource(db)}}
}
