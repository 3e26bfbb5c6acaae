package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

type serveCommand struct {
	dataFlag
	tlsFlags
	namesFlags
	budgetFlags
	spaceFlags
	ageFlags
	Listen         string        `help:"Address and port of the API and the panel." default:"127.0.0.1:8080"`
	Nameservers    []string      `help:"Host names of this cloud's name servers, for the NS records of new domains. Default: ns1 to ns3.rockpool.internal."`
	Compute        string        `help:"What runs machines: qemu, or simulated for tests: no machine at all." enum:"qemu,simulated" default:"qemu"`
	Network        string        `help:"How machines reach the world: user, without root." enum:"user" default:"user"`
	Addresses      addressing    `help:"Public addresses of droplets, on network user a part of 127.0.0.0/8." default:"127.18.0.0/16"`
	Forward        []uint16      `help:"TCP ports that reach a guest at its public address." default:"22"`
	Regions        []string      `help:"Slugs of the regions that this cloud answers for; all if not given."`
	Hold           time.Duration `help:"How long the answer of a GET of a young, unfinished action is held back for its end." default:"2.5s"`
	ResumeDroplets bool          `help:"After a restart of the host, start the droplets that ran before it." default:"true" negatable:""`
	DropletLimit   int           `help:"How many droplets an account may have." default:"25"`
	RateLimit      int           `help:"How many requests a token may make in an hour; 0 is no bound. Default: 5000, and no bound where only this machine can connect." default:"-1"`
	BurstLimit     int           `help:"How many of them in a minute." default:"250"`
	Mirror         string        `help:"Mirror of Debian's packages to build images from."`
	Offline        bool          `help:"Never download images; only what is here or can be built is there."`
	LogLevel       slog.Level    `help:"Least level of what is logged: debug, info, warn or error." default:"info"`
}

// addressing is the prefix of the public addresses of droplets.
type addressing struct{ netip.Prefix }

func (a *addressing) UnmarshalText(text []byte) (err error) {
	a.Prefix, err = netip.ParsePrefix(string(text))
	if err == nil && (!a.Addr().Is4() || a.Bits() > 24) {
		err = fmt.Errorf("%s is not an IPv4 prefix of /24 or wider", text)
	}
	return err
}

func (c *serveCommand) Run(ctx context.Context) error {
	if !c.Addresses.Addr().IsLoopback() {
		return fmt.Errorf("--addresses %s: on network user they must lie in 127.0.0.0/8", c.Addresses)
	}
	if err := c.checkForward(); err != nil {
		return err
	}
	for _, name := range c.nameservers() {
		if err := record.CheckHost(name); err != nil {
			return fmt.Errorf("--nameservers %s: %w", name, err)
		}
	}
	log := server.NewLogger(os.Stderr, c.LogLevel)
	if err := c.make(); err != nil {
		return err
	}
	lock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	// Open the port first: if it is not free, the command fails before it
	// changes any machine.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address by --listen", err)
	}
	defer listener.Close()
	config, err := c.config(log)
	if err != nil {
		return err
	}
	cloud, err := server.Open(ctx, config)
	if err != nil {
		return err
	}
	defer cloud.Close()
	if err := c.where().MakeFirstToken(ctx, cloud.DB); err != nil {
		return fmt.Errorf("make the first account: %w", err)
	}
	if err := cloud.Start(ctx); err != nil {
		return err
	}
	if err := cloud.Names.Answer(); err != nil {
		return fmt.Errorf("%w; %s", err, otherDNS)
	}
	at := listener.Addr().(*net.TCPAddr).AddrPort()
	greeting := c.greeting(ctx, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), cloud.Names.String(), term.IsTerminal(int(os.Stdout.Fd())))
	if err := c.where().WriteURL(greeting.URLs[0]); err != nil {
		log.Warn("rockpool ssh will not find this cloud by its folder", "error", err)
	}
	greeting.print(os.Stdout)
	err = cloud.Serve(ctx, listener)
	c.part(os.Stdout, cloud.Engine)
	return err
}

// config returns the configuration of the server.
func (c *serveCommand) config(log *slog.Logger) (server.Config, error) {
	certificate, err := c.tlsFlags.open(time.Now, log)
	if err != nil {
		return server.Config{}, err
	}
	names, err := c.namesFlags.config(certificate != nil)
	return server.Config{
		Version: version, Data: c.where(), Log: log,
		Compute: c.Compute, Addresses: c.Addresses.Prefix, Forward: c.Forward, Regions: c.Regions, Mirror: c.Mirror, Offline: c.Offline,
		ResumeDroplets: c.ResumeDroplets, DropletLimit: c.DropletLimit, Budget: c.budgetFlags.budget,
		Nameservers: c.nameservers(), Names: names,
		Certificate: certificate, RateLimit: c.rateLimit(), BurstLimit: c.BurstLimit, Hold: c.Hold, SSH: c.panelSSH,
		KeepActions: c.KeepActions, DiskReserve: c.DiskReserve << 20, LeastFree: c.LeastFree << 20,
	}, err
}

// rateLimit returns the number of requests that a token may make in an hour.
// There is no limit if only this machine can connect.
func (c *serveCommand) rateLimit() int {
	if c.RateLimit >= 0 {
		return c.RateLimit
	}
	if at, err := netip.ParseAddrPort(c.Listen); err == nil && at.Addr().IsLoopback() {
		return 0
	}
	return defaultRateLimit
}

// nameservers returns the host names for the NS records of new domains,
// without final dots.
func (c *serveCommand) nameservers() []string {
	if len(c.Nameservers) == 0 {
		return domain.Nameservers("rockpool.internal", 3)
	}
	names := make([]string, len(c.Nameservers))
	for i, name := range c.Nameservers {
		names[i] = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	return names
}

// defaultRateLimit is the limit of DigitalOcean, in requests an hour.
const defaultRateLimit = 5000

func (c *serveCommand) checkForward() error {
	for i, port := range c.Forward {
		if port == 0 || slices.Contains(c.Forward[:i], port) {
			return fmt.Errorf("--forward: %d is not a port, or stands twice", port)
		}
	}
	return nil
}
