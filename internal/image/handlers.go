package image

import (
	"context"
	_ "embed"
	"net/http"
	"slices"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/list"
	"github.com/rockpool-cloud/rockpool/internal/resource"
)

//go:embed schema.json
var schema []byte

// Resource is the room as the front door sees it.
func (l *Library) Resource() resource.Resource {
	return resource.Resource{Name: "image", Schema: schema, Handlers: map[string]resource.Handler{
		"GET /images":         l.list,
		"GET /images/{image}": l.info,
	}}
}

// Lookup returns the image with that id or slug if the account may see it,
// else apierr.NotFound. Whether its disk can be had is Obstacle's to say.
func (l *Library) Lookup(ctx context.Context, accountID int64, idOrSlug string) (Image, error) {
	return find(ctx, l.db, accountID, idOrSlug)
}

// Find returns the image with that id or slug if the account may see it and
// droplets can be made from it, else apierr.NotFound.
func (l *Library) Find(ctx context.Context, accountID int64, idOrSlug string) (Image, error) {
	i, err := l.Lookup(ctx, accountID, idOrSlug)
	if err != nil {
		return i, err
	}
	if obstacle := l.Obstacle(ctx, i.Slug); obstacle != nil {
		l.log.Info("image is not available", "image", idOrSlug, "reason", obstacle)
		return i, apierr.NotFound()
	}
	return i, nil
}

// All returns the images that the account may see, whether they can be had or
// not.
func (l *Library) All(ctx context.Context, accountID int64) ([]Image, error) {
	return all(ctx, l.db, accountID)
}

// List returns the images that droplets can be made from and the account may
// see.
func (l *Library) List(ctx context.Context, accountID int64) ([]Image, error) {
	images, err := l.All(ctx, accountID)
	if err != nil {
		return nil, err
	}
	available := []Image{}
	for i, obstacle := range l.obstacles(ctx, images) {
		if obstacle == nil {
			available = append(available, images[i])
		}
	}
	return available, nil
}

// attrs are what images can be ordered by. Those without a slug sort last.
var attrs = []list.Attr[Image]{
	{Name: "id", Number: true, Value: func(i Image) string { return strconv.FormatInt(i.ID, 10) }},
	{Name: "slug", Value: func(i Image) string {
		if i.Slug == "" {
			return "~" + strconv.FormatInt(i.ID, 10)
		}
		return i.Slug
	}},
}

// filter is what a list of images can be narrowed by.
type filter struct {
	Type    string `json:"type"`
	Private bool   `json:"private"`
	TagName string `json:"tag_name"`
}

func (f filter) matches(i Image) bool {
	switch f.Type {
	case "distribution":
		if !i.Public {
			return false
		}
	case "application":
		return false // the catalogue has none
	case "user":
		if i.Public {
			return false
		}
	}
	if f.TagName != "" {
		return false // no image has a tag
	}
	return !f.Private || !i.Public
}

func (l *Library) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var f filter
	if err := r.Bind(&f); err != nil {
		return nil, err
	}
	images, err := l.List(ctx, r.AccountID)
	if err != nil {
		return nil, err
	}
	matching := slices.DeleteFunc(images, func(i Image) bool { return !f.matches(i) })
	found, err := list.Of(matching, attrs, r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("images", found, l.View), nil
}

func (l *Library) info(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	i, err := l.Find(ctx, r.AccountID, r.Path["image"])
	if err != nil {
		return nil, err
	}
	return resource.One(http.StatusOK, "image", l.View(i)), nil
}
