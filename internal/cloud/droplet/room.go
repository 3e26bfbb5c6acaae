package droplet

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

// Room is what droplets bring to the server.
func (s *Service) Room() (resource.Room, error) {
	resources, err := s.Resources()
	return resource.Room{
		Name:       "droplets",
		Resources:  resources,
		Collectors: []prometheus.Collector{s.Collector()},
		Define:     func() { s.Actions.Define(s.ActionKinds()...) },
		Recover:    s.Recover,
		Background: []func(context.Context){s.Watch},
	}, err
}
