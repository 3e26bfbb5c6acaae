package size

import (
	"context"
	_ "embed"

	"github.com/rockpool-cloud/rockpool/internal/list"
	"github.com/rockpool-cloud/rockpool/internal/resource"
)

//go:embed schema.json
var schema []byte

// View is a size as the API shows it.
type View struct {
	Slug         string     `json:"slug"`
	Memory       int        `json:"memory"`
	VCPUs        int        `json:"vcpus"`
	CPUs         int        `json:"cpus"`
	Disk         int        `json:"disk"`
	Transfer     float64    `json:"transfer"`
	PriceMonthly float64    `json:"price_monthly"`
	PriceHourly  float64    `json:"price_hourly"`
	Regions      []string   `json:"regions"`
	Available    bool       `json:"available"`
	Description  string     `json:"description"`
	DiskInfo     []DiskInfo `json:"disk_info"`
}

// DiskInfo is one of a droplet's disks.
type DiskInfo struct {
	Type string `json:"type"`
	Size Amount `json:"size"`
}

// Amount is a quantity with its unit.
type Amount struct {
	Amount int    `json:"amount"`
	Unit   string `json:"unit"`
}

// LocalDisk is the disk_info of a droplet with one disk.
func LocalDisk(gb int) []DiskInfo {
	return []DiskInfo{{Type: "local", Size: Amount{Amount: gb, Unit: "gib"}}}
}

func (c *Catalog) view(s Size, available bool) *View {
	v := View{
		Slug: s.Slug, Memory: s.MemoryMB, VCPUs: s.VCPUs, CPUs: s.VCPUs, Disk: s.DiskGB,
		Transfer: s.TransferTB, PriceMonthly: s.PriceMonthly, PriceHourly: s.PriceHourly(),
		Regions: []string{}, Available: available, Description: s.Description, DiskInfo: LocalDisk(s.DiskGB),
	}
	if available {
		v.Regions = c.regions
	}
	return &v
}

// Resource is the room as the front door sees it.
func (c *Catalog) Resource() resource.Resource {
	return resource.Resource{Name: "size", Schema: schema, Handlers: map[string]resource.Handler{
		"GET /sizes": c.list,
	}}
}

var attrs = []list.Attr[Size]{{Name: "slug", Alias: "id", Value: func(s Size) string { return s.Slug }}}

func (c *Catalog) list(_ context.Context, r *resource.Request) (*resource.Response, error) {
	found, err := list.Of(c.sizes, attrs, r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("sizes", found, func(s Size) *View { return c.ViewOf(s.Slug) }), nil
}
