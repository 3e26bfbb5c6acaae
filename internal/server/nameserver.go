package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/front/certificate"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// NameserverConfig configures a Nameserver.
type NameserverConfig struct {
	Data        Data
	Names       NamesConfig
	Certificate *certificate.Certificate // nil for none
	Metrics     string                   // address and port of the metrics for Prometheus; empty for none
	Log         *slog.Logger
}

// Nameserver is an additional node that answers for the domains of a
// database. It has no API. It does not maintain the keys of domains; the
// Server does. Its writes are those that any node may make.
type Nameserver struct {
	Names *Names
	Feed  *feed.Feed

	db         *store.DB
	metrics    net.Listener // nil if there are none
	background sync.WaitGroup
	stop       context.CancelFunc
}

// ErrMetrics means that the node cannot listen on the address of the metrics.
var ErrMetrics = errors.New("serve figures")

// OpenNameserver opens a node. The node answers queries when OpenNameserver
// returns.
func OpenNameserver(ctx context.Context, c NameserverConfig) (_ *Nameserver, err error) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	n := &Nameserver{stop: stop}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if n.db, err = store.Open(ctx, c.Data.Source(), store.AsItIs()); err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	if n.Names, err = openNames(c.Names, c.Certificate, registry, c.Log); err != nil {
		return nil, err
	}
	n.Feed = n.Names.feed(n.db, c.Log)
	if err := n.Feed.Start(ctx); err != nil {
		return nil, err
	}
	n.Names.Start()
	if err := n.Names.Answer(); err != nil {
		return nil, err
	}
	n.background.Go(func() { n.Feed.Follow(working) })
	return n, n.serveMetrics(working, c.Metrics, registry)
}

func (n *Nameserver) serveMetrics(ctx context.Context, address string, registry *prometheus.Registry) (err error) {
	if address == "" {
		return nil
	}
	if n.metrics, err = net.Listen("tcp", address); err != nil {
		return fmt.Errorf("%w: %w", ErrMetrics, err)
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

// Metrics returns the address of the metrics for Prometheus; nil if there are
// none.
func (n *Nameserver) Metrics() net.Addr {
	if n.metrics == nil {
		return nil
	}
	return n.metrics.Addr()
}

// Close stops the node.
func (n *Nameserver) Close() error {
	n.stop()
	n.background.Wait()
	var errs []error
	if n.Names != nil {
		errs = append(errs, n.Names.close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(errs...)
}
