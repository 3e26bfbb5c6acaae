package size

import "github.com/rockpool-cloud/rockpool/internal/ground/resource"

// Room is what sizes bring to the server.
func (c *Catalog) Room() resource.Room {
	return resource.Room{Name: "sizes", Resources: []resource.Resource{c.Resource()}}
}
