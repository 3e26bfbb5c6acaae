// Package droplet is the machines of the cloud: what the API knows of them,
// and the actions that change them.
package droplet

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/account"
	"github.com/rockpool-cloud/rockpool/internal/action"
	"github.com/rockpool-cloud/rockpool/internal/address"
	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/image"
	"github.com/rockpool-cloud/rockpool/internal/region"
	"github.com/rockpool-cloud/rockpool/internal/size"
	"github.com/rockpool-cloud/rockpool/internal/store"
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
	Actions *action.Engine
	Images  *image.Library
	Regions *region.Catalog
	Sizes   *size.Catalog
	Pool    *address.Pool
	Engine  compute.Engine
	Limits  account.Limits
	Log     *slog.Logger

	// Pointers hears which droplet has which address, for reverse DNS; nil if
	// nobody wants to know.
	Pointers Pointers

	// Features are what every droplet of this cloud shows among its own.
	Features []string
}

// spec is what the engine needs to make the droplet's machine.
func (s *Service) spec(d Droplet, disk compute.Image) compute.Spec {
	return compute.Spec{
		ID: d.ID, Hostname: d.Name, VCPUs: d.VCPUs, MemoryMB: d.MemoryMB, DiskGB: d.DiskGB,
		Image: disk, NIC: d.nic(),
	}
}

func (d Droplet) nic() compute.NIC {
	nic := compute.NIC{MAC: mac(d.ID)}
	if d.Address != nil {
		nic.Address, nic.Forwards = d.Address.Address, d.Address.Forwards
	}
	return nic
}

// Recover brings the statuses of droplets in line with their machines after a
// restart: a machine may have ended while nobody looked. It is called after
// the engine's own recovery and before actions run.
func (s *Service) Recover(ctx context.Context) error {
	settled, err := settledIDs(ctx, s.DB)
	if err != nil {
		return err
	}
	for _, id := range settled {
		if err := s.settleIfIdle(ctx, id); err != nil {
			return err
		}
	}
	machines, err := s.Engine.List(ctx)
	if err != nil {
		return err
	}
	known, err := allIDs(ctx, s.DB)
	if err != nil {
		return err
	}
	if len(machines) > 0 {
		// A new droplet must not come to a machine that is there already.
		last := slices.Max(machines)
		err := s.DB.Write(ctx, func(tx *store.Tx) error { return tx.RaiseSequence(ctx, "droplets", last) })
		if err != nil {
			return err
		}
	}
	for _, id := range machines {
		if !slices.Contains(known, id) {
			// Its droplet may be in a database that was restored from an older
			// copy; a machine is not ours to remove then.
			s.Log.Warn("a machine has no droplet; it is left alone", "machine", id)
		}
	}
	return nil
}

// Notify hears of a machine that ended by itself.
func (s *Service) Notify(e compute.Event) {
	s.Log.Info("machine stopped by itself", "droplet", e.ID, "reason", e.Reason)
	if err := s.settleIfIdle(context.Background(), e.ID); err != nil {
		s.Log.Error("keep the status of a stopped droplet", "droplet", e.ID, "error", err)
	}
}

// settleIfIdle reads the machine's real state into the droplet's status,
// unless an action is under way: it does so itself when it ends.
func (s *Service) settleIfIdle(ctx context.Context, id int64) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		_, pending, err := action.Pending(ctx, tx, resourceType, id)
		if err != nil || pending {
			return err
		}
		return s.settle(ctx, tx, id)
	})
}

// settle writes the status that the machine's state means.
func (s *Service) settle(ctx context.Context, tx *store.Tx, id int64) error {
	state, err := s.Engine.State(ctx, id)
	if err != nil {
		return err
	}
	status := statusOff
	if state == compute.Running {
		status = statusActive
	}
	return setStatus(ctx, tx, id, status)
}
