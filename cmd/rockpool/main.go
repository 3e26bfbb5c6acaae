// Rockpool is your own cloud: DigitalOcean's API over machines of your own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/rockpool-cloud/rockpool/internal/compute/qemu"
)

// version is set by the linker.
var version = "dev"

type cli struct {
	Serve  serveCommand  `cmd:"" help:"Run the cloud in the foreground."`
	Doctor doctorCommand `cmd:"" help:"Say what this machine can do, what is missing, and how to mend it."`
	Image  imageCommand  `cmd:"" help:"Look after disk images."`
	Token  tokenCommand  `cmd:"" help:"Look after access tokens."`
	Relay  relayCommand  `cmd:"" hidden:"" help:"Carry a guest's metadata request; QEMU runs this."`

	Version kong.VersionFlag `help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	parsed := kong.Parse(&c,
		kong.Name("rockpool"),
		kong.Description("Your own cloud: DigitalOcean's API over machines of your own."),
		kong.DefaultEnvars("ROCKPOOL"),
		kong.Vars{"version": version, "data": defaultData()},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	parsed.FatalIfErrorf(parsed.Run())
}

type relayCommand struct {
	Socket string `arg:"" help:"The droplet's metadata socket."`
}

func (c *relayCommand) Run() error { return qemu.Relay(c.Socket) }
