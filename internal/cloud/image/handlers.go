package image

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

// Resource returns the resource and its handlers for the front door.
func (l *Library) Resource() resource.Resource {
	return resource.Resource{Name: "image", Schema: schema, Handlers: map[string]resource.Handler{
		"GET /images":            l.list,
		"GET /images/{image}":    l.info,
		"PUT /images/{image}":    l.change,
		"PATCH /images/{image}":  l.change,
		"DELETE /images/{image}": l.change,
	}, Filters: list.FilterNames(l.filters())}
}

// Lookup returns the image with that id or slug if the account may see it, else
// apierr.NotFound. Obstacle says whether its disk is available.
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

// All returns the images that the account may see, also those that are not available.
func (l *Library) All(ctx context.Context, accountID int64) ([]Image, error) {
	return all(ctx, l.db, accountID)
}

// List returns the available images that the account may see.
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

// attrs are the attributes by which images can be ordered. Images without a slug sort
// last.
var attrs = []list.Attr[Image]{
	{Name: "id", Number: true, Value: func(i Image) string { return strconv.FormatInt(i.ID, 10) }},
	{Name: "slug", Value: func(i Image) string {
		if i.Slug == "" {
			return "~" + strconv.FormatInt(i.ID, 10)
		}
		return i.Slug
	}},
}

// filters are the parameters by which a list of images can be narrowed.
func (l *Library) filters() []list.Filter[Image] {
	return []list.Filter[Image]{
		{Name: "type", Match: Image.isKind},
		{Name: "private", Match: func(i Image, value string) bool { return value == "false" || !i.Public }},
		{Name: "tag_name", Match: func(Image, string) bool { return false }}, // no image has a tag
		{Name: "name", Match: func(i Image, value string) bool { return strings.EqualFold(i.Name, value) }},
		{Name: "distribution", Match: func(i Image, value string) bool { return strings.EqualFold(i.Distribution, value) }},
		{Name: "status", Match: func(i Image, value string) bool { return l.View(i).Status == value }},
		{Name: "region", Match: func(_ Image, value string) bool { return slices.Contains(l.regions, strings.ToLower(value)) }},
		{Name: "slug", Match: func(i Image, value string) bool { return i.Slug == value }},
	}
}

// isKind reports whether the image matches the filter type of a list. That filter is
// not about the attribute type.
func (i Image) isKind(kind string) bool {
	switch kind {
	case "distribution":
		return i.Public
	case "user":
		return !i.Public
	}
	return false // such as application, of which the catalogue has none
}

func (l *Library) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	images, err := l.List(ctx, r.AccountID)
	if err != nil {
		return nil, err
	}
	found, err := list.Of(images, attrs, l.filters(), r.List)
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

// change rejects updates and deletes of an image. All images so far are public, and no
// account owns them.
func (l *Library) change(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	i, err := l.Lookup(ctx, r.AccountID, r.Path["image"])
	if err != nil {
		return nil, err
	}
	return nil, apierr.Denied("image %s is public, and no account's to change", i.Slug)
}
