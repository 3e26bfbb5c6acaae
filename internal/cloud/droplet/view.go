package droplet

import (
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// View is a droplet as the API shows it.
type View struct {
	ID               int64             `json:"id"`
	Name             string            `json:"name"`
	Memory           int               `json:"memory"`
	VCPUs            int               `json:"vcpus"`
	Disk             int               `json:"disk"`
	DiskInfo         []size.DiskInfo   `json:"disk_info"`
	Locked           bool              `json:"locked"`
	Status           string            `json:"status"`
	Kernel           *struct{}         `json:"kernel"`
	CreatedAt        string            `json:"created_at"`
	Features         []string          `json:"features"`
	BackupIDs        []int64           `json:"backup_ids"`
	NextBackupWindow *struct{}         `json:"next_backup_window"`
	SnapshotIDs      []int64           `json:"snapshot_ids"`
	Image            image.View        `json:"image"`
	VolumeIDs        []string          `json:"volume_ids"`
	Size             *size.View        `json:"size"`
	SizeSlug         string            `json:"size_slug"`
	Networks         Networks          `json:"networks"`
	PublicIP         *string           `json:"public_ip"`
	PrivateIP        *string           `json:"private_ip"`
	Region           *region.View      `json:"region"`
	Tags             []string          `json:"tags"`
	VPCUUID          string            `json:"vpc_uuid"`
	Snapshots        []struct{}        `json:"snapshots"`
	Backups          []struct{}        `json:"backups"`
	Forwards         []compute.Forward `json:"forwards"`
}

// draftView is a droplet as the API's early draft showed it: the region is a slug, size
// and image have the draft's form, and all other attributes are the release's.
type draftView struct {
	View
	Region string      `json:"region"`
	Size   *size.Draft `json:"size"`
	Image  any         `json:"image"`
}

// Draft shows the droplet as the draft did.
func (v View) Draft() any {
	d := draftView{View: v, Image: v.Image.Draft()}
	if v.Region != nil {
		d.Region = v.Region.Slug
	}
	if v.Size != nil {
		inside := v.Size.DraftInside()
		d.Size = &inside
	}
	return d
}

// Networks has a droplet's addresses: the release's lists, and the draft's single
// objects.
type Networks struct {
	V4      []Address `json:"v4"`
	V6      []Address `json:"v6"`
	Public  *Network  `json:"public"`
	Private *Network  `json:"private"`
}

// Address is one address of a droplet.
type Address struct {
	Network
	Type string `json:"type"`
}

// Network is an address with its netmask and gateway.
type Network struct {
	IPAddress string `json:"ip_address"`
	Netmask   string `json:"netmask"`
	Gateway   string `json:"gateway"`
}

// view returns the attributes that this package has. Viewers add theirs.
func (s *Service) view(d Droplet) View {
	v := View{
		ID: d.ID, Name: d.Name, Memory: d.MemoryMB, VCPUs: d.VCPUs, Disk: d.DiskGB,
		DiskInfo: size.LocalDisk(d.DiskGB), Locked: d.Locked, Status: d.Status,
		CreatedAt: d.CreatedAt.Format(time.RFC3339), Features: d.Features,
		BackupIDs: []int64{}, SnapshotIDs: []int64{}, VolumeIDs: []string{}, Snapshots: []struct{}{},
		Image: d.Image, Size: s.Sizes.ViewOf(d.Size), SizeSlug: d.Size, Region: s.Regions.ViewOf(d.Region),
		Tags: d.Tags, VPCUUID: d.VPC, Networks: Networks{V4: []Address{}, V6: []Address{}},
		Forwards: []compute.Forward{},
	}
	if d.Address != nil {
		public := s.public(d)
		v.Networks.V4 = []Address{{Network: public, Type: "public"}}
		v.Networks.Public, v.PublicIP = &public, &public.IPAddress
		v.Forwards = d.Address.Forwards
	}
	return v
}

func (s *Service) public(d Droplet) Network {
	return Network{
		IPAddress: d.Address.Address.String(), Netmask: s.Pool.Netmask(), Gateway: s.Pool.GatewayText(),
	}
}
