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
		Recover:    s.Start,
		Background: []func(context.Context){s.Follow, s.KeepKeys},
	}
}
