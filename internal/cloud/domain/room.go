package domain

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

// Room is what domains bring to the server.
func (s *Service) Room() resource.Room {
	return resource.Room{
		Name:       "domains",
		Resources:  s.Resources(),
		Recover:    s.Feed.Start,
		Background: []func(context.Context){s.Feed.Follow, s.MaintainKeys},
	}
}
