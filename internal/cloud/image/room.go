package image

import "github.com/rockpool-cloud/rockpool/internal/ground/resource"

// Room is what images bring to the server.
func (l *Library) Room() resource.Room {
	return resource.Room{
		Name:      "images",
		Resources: []resource.Resource{l.Resource()},
		Close:     func() error { l.Close(); return nil },
	}
}
