package droplet

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

// Room is what droplets bring to the server.
func (s *Service) Room() resource.Room {
	return resource.Room{
		Name:       "droplets",
		Resources:  s.Resources(),
		Collectors: []prometheus.Collector{s.Collector()},
		Recover:    s.Recover,
		Background: []func(context.Context){s.Watch},
	}
}
