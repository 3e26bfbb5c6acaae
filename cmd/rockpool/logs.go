package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu"
	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
)

// guestFlags name a droplet whose machine runs on this computer.
type guestFlags struct {
	remoteFlags
	Droplet string `arg:"" help:"Name or id of the droplet."`
}

// machine returns the droplet, and the folder that contains the folders of
// all machines.
func (c *guestFlags) machine(ctx context.Context) (d found, dir string, err error) {
	cloud, err := c.openFolder()
	if err != nil {
		return d, "", err
	}
	if d, err = cloud.droplet(ctx, c.Droplet); err != nil {
		return d, "", err
	}
	if simulated.IsSimulated(d.Features) {
		return d, "", fmt.Errorf("%s is simulated: it has no console", d.Name)
	}
	return d, c.folder().where().Droplets(), nil
}

// explain replaces an error of the engine by one that tells the user what to
// do.
func (c *guestFlags) explain(d found, err error) error {
	switch {
	case errors.Is(err, compute.ErrNotFound):
		return fmt.Errorf("%s has no machine in %s; give the cloud's folder by --data, on the machine where it runs", d.Name, c.folder().Data)
	case errors.Is(err, compute.ErrNotRunning):
		return fmt.Errorf("nothing answers at the console of %s, which an older Rockpool may have switched on; restart it with: doctl compute droplet-action power-cycle %d", d.Name, d.ID)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; run this as the user who runs the cloud", err)
	}
	return err
}

type logsCommand struct{ guestFlags }

func (c *logsCommand) Run(ctx context.Context) error {
	d, dir, err := c.machine(ctx)
	if err != nil {
		return err
	}
	log, err := qemu.ReadConsole(dir, d.ID)
	if err != nil {
		return c.explain(d, err)
	}
	defer log.Close()
	_, err = io.Copy(os.Stdout, log)
	return err
}
