// Package image has the images that droplets are made from, and builds or downloads
// each at its first use.
package image

import (
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
)

// Image is a disk that droplets can be made from.
type Image struct {
	ID           int64
	Slug         string // empty for an image that is not public
	Name         string
	Type         string // base, snapshot, backup, custom
	Distribution string
	Description  string
	Public       bool
	MinDiskGB    int
	CreatedAt    time.Time
}

// View is an image as the API shows it. A droplet's row stores the view of its image as
// JSON, so a change of the json tags has to read the old ones too.
type View struct {
	ID            int64    `json:"id"`
	Name          string   `json:"name"`
	Type          string   `json:"type"`
	Distribution  string   `json:"distribution"`
	Slug          *string  `json:"slug"`
	Public        bool     `json:"public"`
	Regions       []string `json:"regions"`
	CreatedAt     string   `json:"created_at"`
	MinDiskSize   int      `json:"min_disk_size"`
	SizeGigabytes *float64 `json:"size_gigabytes"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	Status        string   `json:"status"`
	ErrorMessage  string   `json:"error_message"`
	Size          *string  `json:"size"`
}

// View returns the view of an available image.
func (l *Library) View(i Image) View {
	v := View{
		ID: i.ID, Name: i.Name, Type: i.Type, Distribution: i.Distribution, Public: i.Public,
		Regions: l.regions, CreatedAt: i.CreatedAt.Format(time.RFC3339), MinDiskSize: i.MinDiskGB,
		Description: i.Description, Tags: []string{}, Status: "available", Size: l.smallestSize(i),
	}
	if i.Slug != "" {
		v.Slug = &i.Slug
	}
	if bytes := l.size(i.Slug); bytes > 0 {
		gb := float64(bytes/1e7) / 100
		v.SizeGigabytes = &gb
	}
	return v
}

// smallestSize returns the slug of the cheapest size whose disk is large enough.
func (l *Library) smallestSize(i Image) *string {
	found, ok := l.sizes.First(func(s size.Size) bool { return s.DiskGB >= i.MinDiskGB })
	if !ok {
		return nil
	}
	return &found.Slug
}
