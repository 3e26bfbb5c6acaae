package region

import "github.com/rockpool-cloud/rockpool/internal/ground/resource"

// Room returns the room of regions.
func (c *Catalog) Room() resource.Room {
	return resource.Room{Name: "regions", Resources: []resource.Resource{c.Resource()}}
}
