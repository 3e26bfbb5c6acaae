// Package droplet is the machines of the cloud: what the API knows of them,
// and the actions that change them.
package droplet

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// resourceType is what actions call a droplet.
const resourceType = "droplet"

// The statuses of a droplet.
const (
	statusNew    = "new"
	statusActive = "active"
	statusOff    = "off"
)

// Droplet is one machine.
type Droplet struct {
	ID         int64
	AccountID  int64
	Name       string
	Region     string // slug
	Size       string // slug
	VCPUs      int
	MemoryMB   int
	DiskGB     int
	Image      image.View // as it was at the create
	Status     string
	Locked     bool // an action is unfinished
	VPC        string
	Features   []string
	Tags       []string
	CreatedAt  time.Time
	PublicKeys []string
	Address    *address.Assignment // nil until it has one
}

// mac is the hardware address of the droplet's public interface: locally
// administered, and the id in its last four bytes.
func mac(id int64) string {
	return fmt.Sprintf("06:00:%02x:%02x:%02x:%02x", byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
}

// Service is the room's rules over its neighbours.
type Service struct {
	DB      *store.DB
	Actions *action.Service
	Images  *image.Library
	Regions *region.Catalog
	Sizes   *size.Catalog
	Pool    *address.Pool
	Engine  compute.Engine
	Limits  account.Limits
	Log     *slog.Logger

	// Ready says why no machine can run here; nil if none ever is in the way.
	Ready func(ctx context.Context) error

	// Budget is what all droplets together may have; nil for no bound.
	Budget func() Budget

	// Resume starts, after a restart of the host, what ran before it.
	Resume bool

	// Viewers add to the views of droplets, in this order.
	Viewers []Viewer

	// AddressListeners are notified in this order.
	AddressListeners []AddressListener

	// Features are what every droplet of this cloud shows among its own.
	Features []string

	life    string      // of the machines' host; set by Recover
	looking sync.Mutex  // held from a look at machines to the writing of what was seen
	passed  atomic.Bool // the machines' ids, by those of new droplets; set with looking held
	missed  missed
	starts  turns
}

// spec is what the engine needs to make the droplet's machine.
func (s *Service) spec(d Droplet, disk compute.Image) compute.Spec {
	return compute.Spec{
		ID: d.ID, Hostname: d.Name, VCPUs: d.VCPUs, MemoryMB: d.MemoryMB,
		Disks: []compute.Disk{{SizeGB: d.DiskGB, Image: disk}}, Interfaces: []compute.Interface{d.nic()},
	}
}

func (d Droplet) nic() compute.Interface {
	nic := compute.Interface{MAC: mac(d.ID)}
	if d.Address != nil {
		nic.Address, nic.Forwards = d.Address.Address, d.Address.Forwards
	}
	return nic
}
