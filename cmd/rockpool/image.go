package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"text/tabwriter"

	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

type imageCommand struct {
	Ls    imageListCommand  `cmd:"" help:"List the images, and whether droplets can be made from them."`
	Build imageBuildCommand `cmd:"" help:"Build or download an image now, rather than when it is first wanted."`
}

type imageListCommand struct{ imageFlags }

type imageBuildCommand struct {
	imageFlags
	Slug string `arg:"" help:"Of the image, like micro or debian-12-x64."`
}

type imageFlags struct {
	dataFlag
	Mirror  string `help:"Mirror of Debian's packages to build images from."`
	Offline bool   `help:"Never download images; only what is here or can be built is there."`
}

// library opens the images of the data folder. A running Rockpool may use
// them at the same time.
func (f imageFlags) library(ctx context.Context) (*image.Library, *store.DB, error) {
	if err := f.make(); err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, f.where().Source())
	if err != nil {
		return nil, nil, err
	}
	everything := func() (size.Bounds, bool) { return size.Bounds{}, true }
	library, err := image.Open(ctx, db, image.Config{Dir: f.where().Images(), Mirror: f.Mirror, Offline: f.Offline},
		size.NewCatalog(region.Slugs(), everything), region.Slugs(), slog.New(slog.DiscardHandler))
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return library, db, nil
}

func (c *imageListCommand) Run(ctx context.Context) error {
	library, db, err := c.library(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	images, err := library.All(ctx, 0) // the public images
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SLUG\tNAME\tSTATE")
	for _, i := range images {
		state := "is here"
		if obstacle := library.Obstacle(ctx, i.Slug); obstacle != nil {
			state = "can't be had: " + obstacle.Error()
		} else if !library.Has(i.Slug) {
			state = "comes when it is first wanted"
		}
		fmt.Fprintf(table, "%s\t%s %s\t%s\n", i.Slug, i.Distribution, i.Name, state)
	}
	return table.Flush()
}

func (c *imageBuildCommand) Run(ctx context.Context) error {
	library, db, err := c.library(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if library.Has(c.Slug) {
		fmt.Printf("%s is here already\n", c.Slug)
		return nil
	}
	defer library.Close()
	image, err := library.Ensure(ctx, c.Slug, func(text string) { fmt.Println(text) })
	if err != nil {
		return err
	}
	fmt.Println(library.Path(image))
	return nil
}
