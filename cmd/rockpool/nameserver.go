package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

// nameserverCommand is one more node that answers for the domains of a
// database. It has no API, and leaves their keys to the cloud; what it writes is
// what any node may.
type nameserverCommand struct {
	dataFlag
	tlsFlags
	namesFlags
	Metrics  string     `help:"Address and port of the figures for Prometheus, for whoever can connect; empty for none."`
	LogLevel slog.Level `help:"Least level of what is logged: debug, info, warn or error." default:"info"`
}

func (c *nameserverCommand) Run(ctx context.Context) error {
	log := newLogger(os.Stderr, c.LogLevel)
	n, err := openNameserver(ctx, c, log)
	if err != nil {
		return err
	}
	fmt.Printf("Rockpool %s: name server\nDNS:   %s\n", version, n.names)
	if n.metrics != nil {
		fmt.Printf("Figures: http://%s/metrics\n", n.metrics.Addr())
	}
	<-ctx.Done()
	return n.close()
}

// nameserver is such a node at work.
type nameserver struct {
	db      *store.DB
	names   *names
	domains *domain.Service
	metrics net.Listener // nil if there are none

	background sync.WaitGroup
	stop       context.CancelFunc
}

// openNameserver opens a node, which answers when it is returned.
func openNameserver(ctx context.Context, c *nameserverCommand, log *slog.Logger) (n *nameserver, err error) {
	if c.DNS == "" && c.DNSTLS == "" {
		return nil, errors.New("a name server needs an address: give --dns or --dns-tls")
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	n = &nameserver{stop: stop}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	certificate, err := c.tlsFlags.open(time.Now, log)
	if err != nil {
		return n, err
	}
	if n.db, err = store.Open(ctx, c.database(), store.AsItIs()); err != nil {
		return n, err
	}
	registry := prometheus.NewRegistry()
	if n.names, err = c.namesFlags.open(certificate, registry, log); err != nil {
		return n, err
	}
	n.domains = &domain.Service{DB: n.db, Log: log, Publisher: n.names, Denials: dnssec.NewCache(maxDenials)}
	if err := n.domains.Start(ctx); err != nil {
		return n, err
	}
	if err := errors.Join(n.names.Start(), n.names.answer()); err != nil {
		return n, err
	}
	n.background.Go(func() { n.domains.Follow(working) })
	return n, n.serveMetrics(working, c.Metrics, registry)
}

func (n *nameserver) serveMetrics(ctx context.Context, address string, registry *prometheus.Registry) (err error) {
	if address == "" {
		return nil
	}
	if n.metrics, err = net.Listen("tcp", address); err != nil {
		return fmt.Errorf("%w; choose another address by --metrics", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	n.background.Go(func() { _ = server.Serve(n.metrics) })
	n.background.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
	return nil
}

// close ends the node, as far as it has come to be.
func (n *nameserver) close() error {
	n.stop()
	n.background.Wait()
	var errs []error
	if n.names != nil {
		errs = append(errs, n.names.close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(errs...)
}
