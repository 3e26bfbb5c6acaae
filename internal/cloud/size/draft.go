package size

import (
	"fmt"
	"strconv"
)

// Draft is a size in the form of the API's early draft: quantities are texts with
// units.
type Draft struct {
	Slug         string   `json:"slug"`
	Memory       string   `json:"memory"`
	CPUs         int      `json:"cpus"`
	Disk         string   `json:"disk"`
	Transfer     string   `json:"transfer"`
	PriceMonthly string   `json:"price_monthly"`
	PriceHourly  string   `json:"price_hourly"`
	Regions      []string `json:"regions,omitempty"` // not inside a droplet
}

// Draft returns the size in the form of the early draft.
func (v View) Draft() any {
	d := v.DraftInside()
	d.Regions = v.Regions
	return d
}

// DraftInside returns the form within a droplet.
func (v View) DraftInside() Draft {
	memory := fmt.Sprintf("%dmb", v.Memory)
	if v.Memory >= 1024 {
		memory = number(float64(v.Memory)/1024) + "gb"
	}
	return Draft{
		Slug: v.Slug, Memory: memory, CPUs: v.VCPUs, Disk: fmt.Sprintf("%dgb", v.Disk), Transfer: number(v.Transfer) + "tb",
		PriceMonthly: fmt.Sprintf("%.2f", v.PriceMonthly), PriceHourly: fmt.Sprintf("%.3f", v.PriceHourly),
	}
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
