package key

import (
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Room is what SSH keys bring to the server.
func Room(db *store.DB) resource.Room {
	return resource.Room{Name: "keys", Resources: []resource.Resource{Resource(db)}}
}
