// Rockpool is your own cloud: DigitalOcean's API over machines of your own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
)

// version is set by the linker.
var version = "dev"

type cli struct {
	Serve      serveCommand      `cmd:"" help:"Run the cloud in the foreground."`
	Nameserver nameserverCommand `cmd:"" help:"Run one more name server of a cloud's domains, in the foreground."`
	Doctor     doctorCommand     `cmd:"" help:"Say what this machine can do, what is missing, and how to mend it."`
	Image      imageCommand      `cmd:"" help:"Look after disk images."`
	SSH        sshCommand        `cmd:"" name:"ssh" help:"Log in to a droplet."`
	Console    consoleCommand    `cmd:"" help:"Sit at a droplet's serial console."`
	Logs       logsCommand       `cmd:"" help:"Print what a droplet has written to its serial console."`
	Token      tokenCommand      `cmd:"" help:"Look after access tokens."`
	Backup     backupCommand     `cmd:"" help:"Write a copy of all that the cloud knows to a file, also while it runs."`
	Restore    restoreCommand    `cmd:"" help:"Put a backup into the place of the cloud's database."`

	Version kong.VersionFlag `help:"Print the version." env:"-"`
}

func main() {
	if exit, asked := helper.Run(os.Args); asked {
		os.Exit(exit)
	}
	if err := helper.CloseOnExec(); err != nil {
		fmt.Fprintln(os.Stderr, "rockpool: programs that it runs may inherit open files:", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
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
