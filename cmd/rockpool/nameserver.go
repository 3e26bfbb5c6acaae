package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

// nameserverCommand runs a server.Nameserver.
type nameserverCommand struct {
	dataFlag
	tlsFlags
	namesFlags
	Metrics  string     `help:"Address and port of the figures for Prometheus, for whoever can connect; empty for none."`
	LogLevel slog.Level `help:"Least level of what is logged: debug, info, warn or error." default:"info"`
}

func (c *nameserverCommand) Run(ctx context.Context) error {
	n, err := c.open(ctx, server.NewLogger(os.Stderr, c.LogLevel))
	if err != nil {
		return err
	}
	fmt.Printf("Rockpool %s: name server\nDNS:   %s\n", version, n.Names)
	if at := n.Metrics(); at != nil {
		fmt.Printf("Figures: http://%s/metrics\n", at)
	}
	<-ctx.Done()
	return n.Close()
}

// open opens the name server with the configuration of the flags.
func (c *nameserverCommand) open(ctx context.Context, log *slog.Logger) (*server.Nameserver, error) {
	if c.DNS == "" && c.DNSTLS == "" {
		return nil, errors.New("a name server needs an address: give --dns or --dns-tls")
	}
	certificate, err := c.tlsFlags.open(time.Now, log)
	if err != nil {
		return nil, err
	}
	names, err := c.namesFlags.config(certificate != nil)
	if err != nil {
		return nil, err
	}
	n, err := server.OpenNameserver(ctx, server.NameserverConfig{
		Data: c.where(), Names: names, Certificate: certificate, Metrics: c.Metrics, Log: log,
	})
	switch {
	case errors.Is(err, server.ErrMetrics):
		return nil, fmt.Errorf("%w; choose another address by --metrics", err)
	case errors.Is(err, server.ErrListen):
		return nil, fmt.Errorf("%w; %s", err, otherDNS)
	}
	return n, err
}
