// Package droplet has the droplets of the cloud: their rows, their handlers, and
// the actions that change their machines.
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

// Droplet is a row of droplets, with its address.
type Droplet struct {
	ID         int64
	AccountID  int64
	Name       string
	Region     string // slug
	Size       string // slug
	VCPUs      int
	MemoryMB   int
	DiskGB     int
	Image      image.View // as it was when the droplet was created
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

// Service has the rules and handlers of droplets. Its fields are the packages that
// it uses, and the cloud's configuration.
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

	// Ready returns an error that says why no machine can run here. A nil Ready means
	// that machines can always run.
	Ready func(ctx context.Context) error

	// Budget returns the memory and disk of all droplets together; nil for no limit.
	Budget func() Budget

	// Resume starts, after a restart of the host, the droplets that ran before it.
	Resume bool

	// Viewers add to the views of droplets, in this order.
	Viewers []Viewer

	// AddressListeners are notified in this order.
	AddressListeners []AddressListener

	// Features are shown by every droplet of this cloud, before its own.
	Features []string

	hostLife    string      // compute.Hosted.HostLife of the present boot; set by Recover
	reconciling sync.Mutex  // locked from the observation of machines until it is recorded
	idsReserved atomic.Bool // reserveMachineIDs has succeeded; set while reconciling is locked
	events      eventQueue
	starts      semaphore // bounds how many machines start at a time
}

// spec returns the specification from which the engine makes the droplet's machine.
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
