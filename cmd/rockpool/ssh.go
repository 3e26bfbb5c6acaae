package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

type sshCommand struct {
	remoteFlags
	User    string   `help:"Whom to log in as." default:"root" env:"-"`
	Droplet string   `arg:"" help:"Name or id of the droplet."`
	Args    []string `arg:"" optional:"" passthrough:"" help:"Options of ssh, and the command to run there, as in: -- -i KEY uptime"`
}

func (c *sshCommand) Run(ctx context.Context) error {
	cloud, err := c.open()
	if err != nil {
		return err
	}
	d, err := cloud.droplet(ctx, c.Droplet)
	if err != nil {
		return err
	}
	args, err := c.arguments(d)
	if err != nil {
		return err
	}
	program, err := exec.LookPath("ssh")
	if err != nil {
		return fmt.Errorf("%w: install it, on Debian and Ubuntu with: sudo apt-get install openssh-client", err)
	}
	return syscall.Exec(program, append([]string{"ssh"}, args...), os.Environ())
}

// arguments returns the arguments of ssh. The host key is stored under the id
// and creation time of the droplet, because another droplet may have had the
// address before.
func (c *sshCommand) arguments(d found) ([]string, error) {
	if err := d.mustRun(); err != nil {
		return nil, err
	}
	port, err := d.sshPort()
	if err != nil {
		return nil, err
	}
	args := []string{
		"-p", strconv.Itoa(port),
		"-o", fmt.Sprintf("HostKeyAlias=rockpool-%d-%s", d.ID, d.Created),
		"-o", "StrictHostKeyChecking=accept-new",
		c.User + "@" + *d.PublicIP,
	}
	if len(c.Args) > 0 && c.Args[0] == "--" {
		return append(args, c.Args[1:]...), nil
	}
	return append(args, c.Args...), nil
}

// sshPort returns the port of the host that leads to port 22 of the guest.
// Without forwards, the guest has the address itself.
func (d found) sshPort() (int, error) {
	if d.PublicIP == nil {
		return 0, fmt.Errorf("%s has no public address", d.Name)
	}
	for _, f := range d.Forwards {
		if f.GuestPort == 22 {
			return f.HostPort, nil
		}
	}
	if len(d.Forwards) > 0 {
		return 0, fmt.Errorf("port 22 of %s can't be reached; start the cloud with 22 among its --forward, and power-cycle the droplet", d.Name)
	}
	return 22, nil
}
