package region

import "github.com/rockpool-cloud/rockpool/internal/ground/resource"

// Room is what regions bring to the server.
func (c *Catalog) Room() resource.Room {
	return resource.Room{Name: "regions", Resources: []resource.Resource{c.Resource()}}
}
