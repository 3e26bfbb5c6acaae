package size

import (
	"context"
	_ "embed"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
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

// Resource returns the resource size.
func (c *Catalog) Resource() resource.Resource {
	return resource.Resource{Name: "size", Schema: schema, ShowsHost: true, Handlers: map[string]resource.Handler{
		"GET /sizes":        c.list,
		"GET /sizes/{size}": c.info,
	}, Filters: list.FilterNames(c.filters())}
}

var attrs = []list.Attr[Size]{{Name: "slug", Alias: "id", Value: func(s Size) string { return s.Slug }}}

func (c *Catalog) filters() []list.Filter[Size] {
	return []list.Filter[Size]{
		{Name: "available", Match: func(s Size, value string) bool { return strconv.FormatBool(c.ViewOf(s.Slug).Available) == value }},
		{Name: "region", Match: func(s Size, value string) bool {
			return slices.Contains(c.ViewOf(s.Slug).Regions, strings.ToLower(value))
		}},
	}
}

func (c *Catalog) info(_ context.Context, r *resource.Request) (*resource.Response, error) {
	found := c.ViewOf(r.Path["size"])
	if found == nil {
		return nil, apierr.NotFound()
	}
	return resource.One(http.StatusOK, "size", found), nil
}

func (c *Catalog) list(_ context.Context, r *resource.Request) (*resource.Response, error) {
	found, err := list.Of(c.sizes, attrs, c.filters(), r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("sizes", found, func(s Size) *View { return c.ViewOf(s.Slug) }), nil
}
