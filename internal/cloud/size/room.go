package size

import "github.com/rockpool-cloud/rockpool/internal/ground/resource"

// Room returns the room of sizes.
func (c *Catalog) Room() resource.Room {
	return resource.Room{Name: "sizes", Resources: []resource.Resource{c.Resource()}}
}
